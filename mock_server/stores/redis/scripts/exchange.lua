-- Make sure that a version is still the newest one; if so, add a change and entries of the journal.
-- Where there is no sandbox, entries are kept for the version -1, which none has: of requests that made none.
-- ARGV: sandbox, idle, format, version, tag, new tag, change or nothing, empty the journal first (1),
--       most entries, most bytes of all journals, which process, for how many milliseconds it asks for the next turn,
--       how many digests, digests, entries
local format, version, tag, change, process = ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[7], ARGV[11]
local first = 14
local last = first - 1 + ARGV[13]

-- Find out from all journals what is known of them.
local function count_anew()
  local all, newest, before = 0, tonumber(redis.call('GET', ids)), #(P .. 'journal:')
  redis.call('DEL', sizes)
  for _, each in ipairs(redis.call('KEYS', P .. 'journal:*')) do
    local size = 0
    for _, entry in ipairs(redis.call('LRANGE', each, 0, -1)) do
      size, newest = size + #entry, math.max(newest, tonumber(string.match(entry, '^%d+')))
    end
    redis.call('ZADD', sizes, size, string.sub(each, before + 1))
    all = all + size
  end
  redis.call('SET', bytes, string.format('%d', all))
  redis.call('SET', ids, string.format('%d', newest))
end

-- Keep entries as well as there is memory for them.
local function record()
  local count = #ARGV - last
  if count == 0 then return end
  local known = redis.call('EXISTS', ids, sizes, bytes)
  local id = redis.pcall('INCRBY', ids, count)
  if type(id) ~= 'number' then return end
  if known == 1 or known == 2 and redis.call('GET', bytes) ~= '0' then -- no bytes are no sizes
    count_anew()
    id = redis.call('INCRBY', ids, count)
  end
  if redis.call('EXISTS', journal) == 0 then clear(name) end
  id = id - count
  local size, most = 0, tonumber(ARGV[9])
  for n = last + 1, #ARGV do
    id = id + 1
    local entry = string.format('%d ', id) .. ARGV[n]
    redis.call('RPUSH', journal, entry)
    size = size + #entry
  end
  redis.call('PUBLISH', journal, string.format('%d', id)) -- whoever follows comes for them when it is ready
  local over = redis.call('LLEN', journal) - most
  if over > 0 then
    for _, old in ipairs(redis.call('LPOP', journal, over)) do size = size - #old end
  end
  redis.call('ZINCRBY', sizes, size, name)
  local all = redis.call('INCRBY', bytes, size)
  while all > tonumber(ARGV[10]) do -- who asked most pays
    local largest = redis.call('ZREVRANGE', sizes, 0, 0)[1]
    if not largest then break end
    local gone = 0
    local half = math.floor(redis.call('LLEN', P .. 'journal:' .. largest) / 2) + 1
    for _, old in ipairs(redis.call('LPOP', P .. 'journal:' .. largest, half) or {}) do gone = gone + #old end
    if redis.call('EXISTS', P .. 'journal:' .. largest) == 0 then
      gone = redis.call('ZSCORE', sizes, largest)
      redis.call('ZREM', sizes, largest)
    else
      redis.call('ZINCRBY', sizes, -gone, largest)
    end
    all = redis.call('DECRBY', bytes, string.format('%d', gone))
  end
end

local held = redis.call('HMGET', box, 'format', 'version', 'tag')
if not held[2] then
  if version ~= -1 or #ARGV == last then return {'absent'} end
  record()
  redis.call('PEXPIRE', journal, idle)
  return {'done'}
end
if held[1] ~= format then return {'format', held[1]} end
if damaged(name) then return {'damaged', name} end
if tonumber(held[2]) ~= version or held[3] ~= tag then
  if ARGV[12] ~= '0' then redis.pcall('SET', turn, process, 'PX', ARGV[12], 'NX') end
  return newest(version, tag)
end
local fresh = redis.call('EXISTS', journal) == 0
if change ~= '' then
  local next = redis.call('GET', turn)
  if next and next ~= process then return {'busy'} end
  if next then redis.call('DEL', turn) end
  local needed = absent(first, last)
  if #needed > 0 then return {'needs', unpack(needed)} end
  if redis.call('RPUSH', log, ARGV[6] .. change) == 1 then fresh = true end
  redis.call('HSET', box, 'version', string.format('%d', version + 1), 'tag', ARGV[6])
  if last >= first then
    redis.call('SADD', origins, unpack(ARGV, first, last))
    fresh = true
  end
end
if ARGV[8] == '1' then
  clear(name)
  fresh = true
end
record()
touch(fresh)
return {'done'}
