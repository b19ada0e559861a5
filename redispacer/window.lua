-- Decides on one request and stores what the process has learned. Times are
-- microseconds of this server's clock. The keys share a hash tag.
--
-- Requests are counted in groups, one for each 32nd of the window, so that the work
-- does not depend on the limit.
local STATE, CHATS, BULKS, DUE = unpack(KEYS)
local GRANTED, AGAIN, REFUSED = 1, 2, 3
local DONE, WANTED, SENT = 0, 1, 2 -- states of the probe; while it is sent, other requests wait
local SECOND, MINUTE, HOUR, DAY = 1000000, 60000000, 3600000000, 86400000000
local MOST = 150 -- groups
local STREAK = 4 -- chat requests for each bulk request while both wait
local abs, floor, huge, min, max = math.abs, math.floor, math.huge, math.min, math.max

local q = cjson.decode(ARGV[1])

-- load returns the state, and fails if this script cannot have stored it.
local function load()
  local text = redis.call('GETRANGE', STATE, 0, 8191)
  local s = text ~= '' and cmsgpack.unpack(text) or {
    last = 0, conf = 0, window = MINUTE, limit = 120, lag = 0, lagOld = 0, lagEnd = 0, hold = 0, ordered = 0,
    probe = WANTED, probeAt = 0, seen = 0, streak = 0, at = {}, own = {}, bulk = {}, foreign = {},
  }
  local latest = s.last + HOUR
  assert(max(s.hold, s.ordered, s.probeAt, s.seen) <= latest and #s.at <= MOST)
  assert(s.window >= SECOND / 10 and max(s.window, s.lag, s.lagOld) <= DAY)
  assert(min(s.lag, s.lagOld) >= 0 and s.limit >= 1 and s.limit <= 2 ^ 40)
  for i, at in ipairs(s.at) do
    assert(at <= latest and min(s.own[i], s.bulk[i], s.foreign[i]) >= 0)
  end
  return s
end

local valid, s = pcall(load)
if not valid then return redis.error_reply('ERR invalid state in ' .. STATE .. ', delete it') end
if s.last > now + max(s.window, SECOND) then -- the clock was set back
  redis.call('UNLINK', unpack(KEYS))
  s = load()
end
now = max(now, s.last)
s.last = now
if s.conf ~= q.window then s.conf, s.window, s.grown = q.window, max(SECOND / 10, min(q.window, DAY)), nil end

-- A request may reach the service as late as its response arrives. This lag is the
-- maximum of the current window and the last one.
if now >= s.lagEnd then
  s.lagOld = now < s.lagEnd + s.window and s.lag or 0
  s.lag, s.lagEnd = 0, now + s.window
end
s.lag = max(s.lag, min(q.lag, s.window))
local lag = min(max(s.lag, s.lagOld), s.window)

local first = 1
while s.at[first] and s.at[first] <= now - 2 * (s.window + lag) do first = first + 1 end
if first > 1 then
  for _, list in ipairs({'at', 'own', 'bulk', 'foreign'}) do s[list] = {unpack(s[list], first)} end
end

local function width() return floor(s.window / 32) end

-- add counts n requests and returns the index of their group.
local function add(kind, at, n)
  local cell = floor(at / width())
  local i = #s.at
  while i > 0 and floor(s.at[i] / width()) > cell do i = i - 1 end
  if #s.at < MOST and (i == 0 or floor(s.at[i] / width()) < cell) then
    i = i + 1
    for list, value in pairs({at = at, own = 0, bulk = 0, foreign = 0}) do table.insert(s[list], i, value) end
  end
  i = max(i, 1)
  s.at[i] = max(s.at[i], at) -- a group counts as long as its last request
  s[kind][i] = s[kind][i] + n
  return i
end

-- undo uncounts the newest n requests up to a time.
local function undo(n, upTo)
  for i = #s.at, 1, -1 do
    if n > 0 and s.at[i] < upTo + width() then
      local k = min(n, s.own[i])
      n, s.own[i] = n - k, s.own[i] - k
      s.bulk[i] = min(s.bulk[i], s.own[i])
    end
  end
end

local function sum(kind, after, upTo)
  local n = 0
  for i, at in ipairs(s.at) do
    if at > after and at <= upTo then n = n + s[kind][i] end
  end
  return n
end

-- compare estimates the requests of other clients. It raises or lowers the estimate
-- only as far as the response proves.
local function compare()
  local from, sure = q.slot - s.window - lag, q.slot - s.window + q.took + width()
  local missing = q.used - sum('own', from, q.slot + q.took + width()) - sum('foreign', from, huge)
  if missing > 0 then add('foreign', min(q.slot + q.took, now), missing) end -- the latest that they can be
  local excess = sum('foreign', sure, huge) - max(0, q.used - sum('own', sure, q.slot - lag) - 1)
  for i, at in ipairs(s.at) do
    if at > sure and excess > 0 then
      local k = min(excess, s.foreign[i])
      excess, s.foreign[i] = excess - k, s.foreign[i] - k
    end
  end
end

local function learn()
  undo(q.unsent, q.unsentAt)
  if q.kind == 1 then
    s.noHeaders = nil
    s.limit = max(1, min(q.limit, 2 ^ 40))
    if q.atLeast > s.window and s.window < MINUTE then
      s.window, s.grown = MINUTE, true
    elseif q.atMost > 0 and q.atMost < s.window and not s.grown then
      s.window = max(q.atMost, SECOND)
    end
    q.slot, q.used = min(q.slot, now), min(q.used, s.limit)
    if q.slot > s.seen then
      s.seen = q.slot
      if q.slot > now - s.window then compare() end
    end
  elseif q.kind == 2 and (s.seen == 0 or q.slot > s.seen + 2 * s.window) then
    s.noHeaders = true -- a service without headers has no limit
  end
  if s.probe == SENT then
    if q.unprobed then
      s.probe = WANTED
    elseif q.probed or now >= s.probeAt + SECOND then
      s.probe = DONE
    end
  end
  if q.hold > 0 then
    local hold = now + min(q.hold, HOUR)
    -- Several processes may report one hold, after different delays.
    if hold > s.hold + SECOND / 4 then s.probe = WANTED end
    s.hold = max(s.hold, hold)
    s.ordered = max(s.ordered, now + min(q.ordered, HOUR))
  end
  if q.rejoin and s.probe == DONE then s.probe = WANTED end
end

-- earliest returns when a request with this many ahead can be sent, if most requests
-- of its kind and of other clients can count at a time.
local function earliest(kind, most, ahead)
  local life = s.window + lag + floor(s.window / 1000)
  local left, at = most - ahead % most, now - life
  for i = #s.at, 1, -1 do
    left = left - s[kind][i] - s.foreign[i]
    if left <= 0 then
      at = max(at, s.at[i])
      break
    end
  end
  return at + life * (floor(ahead / most) + 1)
end

local function leave()
  for _, key in ipairs({CHATS, BULKS, DUE}) do redis.call('ZREM', key, q.id) end
end

local ttl -- lifetime of the keys in milliseconds

local function take()
  if q.maxHold > 0 and s.ordered - now > q.maxHold then
    leave()
    return REFUSED, s.hold - now
  end
  local queue = q.bulk and BULKS or CHATS
  local chats, bulks = redis.call('ZCARD', CHATS), redis.call('ZCARD', BULKS)
  if chats + bulks ~= redis.call('ZCARD', DUE) then -- Redis evicted a key
    redis.call('UNLINK', CHATS, BULKS, DUE)
    chats, bulks = 0, 0
  end
  local ahead = redis.call('ZRANK', queue, q.id) or q.bulk and bulks or chats
  local near = floor(s.window / 60) -- a request that can be sent this soon does not ask again
  local share = s.limit - floor(s.limit / 10)
  local at
  if q.bulk then
    local chatsAhead = min(chats, max(0, STREAK * (ahead + 1) - s.streak))
    at = max(earliest('own', s.limit, ahead + chatsAhead), earliest('bulk', share, ahead))
  else
    if bulks > 0 and earliest('bulk', share, 0) <= now + near then
      ahead = ahead + min(bulks, max(0, floor((ahead + s.streak) / STREAK)))
    end
    at = earliest('own', s.limit, ahead)
  end
  if s.noHeaders then at = now end
  at = min(max(at, s.hold), now + 3 * DAY)
  if q.maxWait >= 0 and at - now > q.maxWait then
    leave()
    return REFUSED, at - now
  end
  if at <= now + near and s.probe ~= SENT then
    leave()
    local i = add('own', at, 1)
    if q.bulk then
      s.bulk[i] = s.bulk[i] + 1
      s.streak = chats == 0 and 0 or max(s.streak - STREAK, -STREAK * s.limit)
    else
      s.streak = bulks == 0 and 0 or min(s.streak + 1, STREAK)
    end
    local probe = s.probe == WANTED
    if probe then s.probe, s.probeAt = SENT, at end
    return GRANTED, at - now, probe
  end
  local wait = min(at - floor(near / 2) - now, floor(s.window / 2))
  if s.probe == SENT then wait = min(max(16000, abs(now - s.probeAt)), SECOND) end
  wait = max(wait, 1000)
  redis.call('ZADD', queue, 'NX', now, q.id)
  redis.call('ZADD', DUE, now + wait + floor(s.window / 20) + SECOND, q.id)
  for _, key in ipairs({CHATS, BULKS, DUE}) do redis.call('PEXPIRE', key, ttl) end
  return AGAIN, wait
end

-- A request whose process does not ask again in time leaves the queue.
local expired = redis.call('ZRANGEBYSCORE', DUE, '-inf', now, 'LIMIT', 0, 50)
if #expired > 0 then
  for _, key in ipairs({CHATS, BULKS, DUE}) do redis.call('ZREM', key, unpack(expired)) end
end

learn()
ttl = floor((3 * s.window + 2 * SECOND + max(0, s.hold - now)) / 1000)
local verdict, wait, probe = 0, 0, false
if q.op == 'take' then verdict, wait, probe = take() end
if q.op == 'drop' then leave() end
redis.call('SET', STATE, cmsgpack.pack(s), 'PX', ttl)
return {verdict, wait, probe and 1 or 0, lag, s.limit, s.window, now}
