-- Answer the sandboxes with how many milliseconds each was not used, the longest unused first. ARGV: nothing, idle
forget_idle()
local found, time = redis.call('ZRANGE', P .. 'names', 0, -1, 'WITHSCORES'), now()
for n = 2, #found, 2 do found[n] = math.max(0, time - found[n]) end
return found
