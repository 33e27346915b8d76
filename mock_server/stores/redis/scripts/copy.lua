-- Copy a sandbox. ARGV: target, idle, source, most sandboxes, busy in milliseconds
local source = ARGV[3]
if redis.call('EXISTS', P .. 'box:' .. source) == 0 then return {'absent'} end
if damaged(source) then return {'damaged', source} end
if source == name then return {'done'} end
if name ~= 'default' and redis.call('EXISTS', box) == 0 and not make_room(tonumber(ARGV[4]), tonumber(ARGV[5])) then
  return {'full'}
end
redis.call('DEL', box, log, origins)
for _, kind in ipairs({'box:', 'log:', 'origins:'}) do redis.call('COPY', P .. kind .. source, P .. kind .. name) end
for _, key in ipairs({box, log, origins}) do redis.call('PERSIST', key) end
touch(true)
return {'done'}
