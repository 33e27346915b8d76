-- Make a sandbox unless it is there already.
-- ARGV: sandbox, idle, format, tag, whole sandbox, most sandboxes, busy in milliseconds, digests
local there = redis.call('HGET', box, 'format')
if there and there ~= ARGV[3] then return {'format', there} end
if damaged(name) then return {'damaged', name} end
if not there then
  local needed = absent(8, #ARGV)
  if #needed > 0 then return {'needs', unpack(needed)} end
  if name ~= 'default' and not make_room(tonumber(ARGV[6]), tonumber(ARGV[7])) then return {'full'} end
  redis.call('DEL', log, origins)
  redis.call('HSET', box, 'format', ARGV[3], 'version', 0, 'tag', ARGV[4], 'base', ARGV[5], 'base_version', 0, 'base_tag', ARGV[4])
  redis.call('SADD', origins, unpack(ARGV, 8))
  touch(true)
end
return newest(-1, '')
