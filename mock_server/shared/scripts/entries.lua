-- Answer the newest id of all and the entries of a sandbox. ARGV: sandbox, idle
local found = redis.call('LRANGE', journal, 0, -1)
table.insert(found, 1, redis.call('GET', P .. 'ids') or '0')
return found
