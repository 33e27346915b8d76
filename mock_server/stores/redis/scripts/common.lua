-- What all scripts share. KEYS[1] is the prefix of all keys, ARGV[1] a sandbox, ARGV[2] how long it lives unused in milliseconds.
--
--   box:NAME      format, version, tag; base, base_version, base_tag: a whole sandbox, and which version it was
--   log:NAME      what led from the base to the newest version, one item each: 8 letters of the version's tag, then the change
--   origins:NAME  digests of the whole worlds that it refers to
--   journal:NAME  its newest requests: an id, a blank, the entry
--   world:DIGEST  a whole world
--   turn:NAME     who may change it next, for a moment: a process that others overtook several times
--   names, sizes  sandboxes by when they were last used; bytes of their journals
--   ids, bytes    the newest id of an entry; bytes of all journals
--
-- Any of these keys may be lost alone: somebody deleted it, or the server evicted it. What a sandbox is made of is then
-- `damaged` until it is dropped; what is only counted is counted anew.
--
-- A version is a number and a random tag: after a loss of data the numbers come again, the tags do not.
local P, name, idle = KEYS[1], ARGV[1], tonumber(ARGV[2])
local box, log, origins, journal = P .. 'box:' .. name, P .. 'log:' .. name, P .. 'origins:' .. name, P .. 'journal:' .. name
local turn = P .. 'turn:' .. name
local ids, sizes, bytes = P .. 'ids', P .. 'sizes', P .. 'bytes'
local TAG = 8

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Note that the sandbox is used; writing that down once a second is enough.
local function touch(force)
  if name == 'default' then
    if force then
      for _, digest in ipairs(redis.call('SMEMBERS', origins)) do redis.call('PERSIST', P .. 'world:' .. digest) end
    end
    return
  end
  if not force and idle - redis.call('PTTL', box) < 1000 then return end
  for _, key in ipairs({box, log, origins, journal}) do redis.call('PEXPIRE', key, idle) end
  for _, digest in ipairs(redis.call('SMEMBERS', origins)) do
    local left = redis.call('PTTL', P .. 'world:' .. digest)
    if left >= 0 and left < idle + 60000 then redis.call('PEXPIRE', P .. 'world:' .. digest, idle + 60000) end
  end
  redis.pcall('ZADD', P .. 'names', now(), name)
end

local function clear(of)
  local size = redis.call('ZSCORE', sizes, of)
  if size and redis.call('EXISTS', bytes) == 1 then redis.call('DECRBY', bytes, string.format('%d', size)) end
  redis.call('ZREM', sizes, of)
  redis.call('DEL', P .. 'journal:' .. of)
end

local function drop(of)
  clear(of)
  redis.call('ZREM', P .. 'names', of)
  return redis.call('DEL', P .. 'box:' .. of, P .. 'log:' .. of, P .. 'origins:' .. of)
end

local function forget_idle()
  for _, each in ipairs(redis.call('ZRANGEBYSCORE', P .. 'names', '-inf', now() - idle)) do drop(each) end
end

-- Answer whether there is room for a sandbox that is not there yet; the longest unused goes unless it is in use.
local function make_room(most, busy)
  forget_idle()
  if redis.call('ZCARD', P .. 'names') < most then return true end
  local oldest = redis.call('ZRANGE', P .. 'names', 0, 0, 'WITHSCORES')
  if not oldest[1] or now() - oldest[2] < busy then return false end
  drop(oldest[1])
  return true
end

-- Answer whether a part of a sandbox is gone while another is there; parts that expire do so within a moment.
local function damaged(of)
  local held = redis.call('HMGET', P .. 'box:' .. of, 'version', 'base_version')
  if held[1] then
    local changes = held[1] - (held[2] or -1)
    return redis.call('LLEN', P .. 'log:' .. of) ~= changes or redis.call('EXISTS', P .. 'origins:' .. of) == 0
  end
  for _, kind in ipairs({'log:', 'origins:'}) do
    local left = redis.call('PTTL', P .. kind .. of)
    if left == -1 or left > 1000 then return true end
  end
  return false
end

local function absent(first, last)
  local found = {}
  for n = first, last do
    if redis.call('EXISTS', P .. 'world:' .. ARGV[n]) == 0 then found[#found + 1] = ARGV[n] end
  end
  return found
end

-- Answer what leads from a version to the newest one, or all of it: whether the base stands first, number, tag, what follows.
local function newest(version, tag)
  local held = redis.call('HMGET', box, 'version', 'tag', 'base_version', 'base_tag')
  local place = version - held[3]
  local known = place == 0 and held[4] == tag
  if place > 0 then known = string.sub(redis.call('LINDEX', log, place - 1) or '', 1, TAG) == tag end
  local found = {'newer', known and 0 or 1, held[1], held[2]}
  if not known then found[5] = redis.call('HGET', box, 'base') end
  for _, each in ipairs(redis.call('LRANGE', log, known and place or 0, -1)) do found[#found + 1] = string.sub(each, TAG + 1) end
  touch(false)
  return found
end
