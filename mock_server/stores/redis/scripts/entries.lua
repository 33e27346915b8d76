-- Answer the newest id of all, and the oldest entries of a sandbox with an id over another.
-- ARGV: sandbox, idle, the other id, most entries
local other, most = tonumber(ARGV[3]), tonumber(ARGV[4])
local first, kept = 0, redis.call('LLEN', journal)
while first < kept do -- the ids ascend: halve what is left
  local middle = math.floor((first + kept) / 2)
  local id = tonumber(string.match(redis.call('LINDEX', journal, middle), '^%d+'))
  if id > other then kept = middle else first = middle + 1 end
end
local found = most > 0 and redis.call('LRANGE', journal, first, first + most - 1) or {}
table.insert(found, 1, redis.call('GET', P .. 'ids') or '0')
return found
