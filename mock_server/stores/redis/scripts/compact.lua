-- Replace the base of a sandbox by a later version, and forget what led there. ARGV: sandbox, idle, version, tag, whole, digests
local version, tag = tonumber(ARGV[3]), ARGV[4]
local place = version - (redis.call('HGET', box, 'base_version') or version)
if place < 1 or string.sub(redis.call('LINDEX', log, place - 1) or '', 1, TAG) ~= tag then return {'absent'} end
redis.call('HSET', box, 'base', ARGV[5], 'base_version', ARGV[3], 'base_tag', tag)
redis.call('LTRIM', log, place, -1)
if redis.call('EXISTS', log) == 0 then -- else what stands in it may need more worlds than the base
  local old = redis.call('SMEMBERS', origins)
  redis.call('DEL', origins)
  redis.call('SADD', origins, unpack(ARGV, 6))
  for _, digest in ipairs(old) do
    if name == 'default' and redis.call('SISMEMBER', origins, digest) == 0 then
      redis.call('PEXPIRE', P .. 'world:' .. digest, idle + 60000)
    end
  end
end
touch(true)
return {'done'}
