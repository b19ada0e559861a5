-- One call decides for one attempt, and enters what the caller has learnt.
-- Times are microseconds of this server's clock. All keys share a hash tag.
local STATE, USED, BULK, GUESS, CHATQ, BULKQ, DUE = unpack(KEYS)
local SETTLED, WANTED, SENT = 0, 1, 2
local GO, AGAIN, REFUSED = 1, 2, 3
local SECOND, MINUTE = 1000000, 60000000
local STREAK = 4           -- turns of chats for one of bulk while both wait
local MOST = 100000        -- of a limit that is believed
local op, id = ARGV[1], ARGV[2]
local a = {}
for i, name in ipairs({'bulk', 'patience', 'asked', 'conf', 'hold', 'rejoin', 'probed', 'unsent', 'lag',
  'kind', 'slot', 'limit', 'used', 'took', 'atMost', 'atLeast', 'maxHold', 'ordered'}) do
  a[name] = tonumber(ARGV[2 + i])
end

local function text(n) return string.format('%.0f', n) end
local floor, min, max = math.floor, math.min, math.max

local fields = {'last', 'conf', 'window', 'grown', 'limit', 'lag', 'lagOld', 'lagEnd', 'hold',
  'probe', 'probeAt', 'seen', 'blind', 'streak', 'seq', 'sweep', 'ordered'}
local s = {}
local function load()
  local numbers = string.gmatch(redis.call('GET', STATE) or '', '%S+')
  for _, name in ipairs(fields) do s[name] = tonumber(numbers() or 0) end
end
load()
if s.last > now + max(s.window, SECOND) then -- the clock was set back
  redis.call('DEL', unpack(KEYS))
  load()
end
if s.last == 0 then s.limit, s.probe = 120, WANTED end
now = max(now, s.last)
s.last = now
if s.conf ~= a.conf then s.conf, s.window, s.grown = a.conf, a.conf, 0 end

-- The longest time of late from a slot to the answer: how late a request may arrive.
if now >= s.lagEnd then
  s.lagOld = now < s.lagEnd + s.window and s.lag or 0
  s.lag, s.lagEnd = 0, now + s.window
end
s.lag = max(s.lag, min(a.lag, s.window))
local late = max(s.lag, s.lagOld)

local function forget(member)
  redis.call('ZREM', USED, member)
  redis.call('ZREM', BULK, member)
end

local function count(key, after, upTo)
  return redis.call('ZCOUNT', key, '(' .. text(after), text(upTo))
end

local function ours(after, upTo) return count(USED, after, upTo) - count(GUESS, after, upTo) end

local function undo(n, slot)
  local newest = redis.call('ZREVRANGEBYSCORE', USED, text(slot), '-inf', 'LIMIT', 0, text(n + 64))
  for _, member in ipairs(newest) do
    if n > 0 and not redis.call('ZSCORE', GUESS, member) then
      forget(member)
      n = n - 1
    end
  end
end

-- What the service counts beyond ours is of others: it is entered as a guess, as
-- much as the answer proves, and taken out again as soon as an answer disproves it.
local function compare()
  local from = a.slot - s.window - late
  local sure = a.slot - s.window + a.took
  local missing = a.used - ours(from, a.slot + a.took) - count(GUESS, from, now)
  for _ = 1, missing do
    s.seq = s.seq + 1
    local member = 'guess' .. text(s.seq)
    for _, key in ipairs({USED, BULK, GUESS}) do redis.call('ZADD', key, text(a.slot), member) end
  end
  local excess = count(GUESS, sure, now) - max(0, a.used - ours(sure, a.slot - late) - 1)
  if excess > 0 then
    local wrong = redis.call('ZRANGEBYSCORE', GUESS, '(' .. text(sure), text(now), 'LIMIT', 0, text(excess))
    for _, member in ipairs(wrong) do
      forget(member)
      redis.call('ZREM', GUESS, member)
    end
  end
end

local function learn()
  if a.unsent > 0 then undo(a.unsent, a.slot) end
  if a.kind == 1 then
    s.blind = 0
    s.limit = min(max(a.limit, 1), MOST)
    if a.atLeast > s.window and s.window < MINUTE then
      s.window, s.grown = MINUTE, 1
    elseif a.atMost > 0 and a.atMost < s.window and s.grown == 0 then
      s.window = a.atMost
    end
    if a.slot > s.seen then
      s.seen = a.slot
      compare()
    end
  elseif a.kind == 2 and (s.seen == 0 or a.slot > s.seen + 2 * s.window) then
    s.blind = 1 -- a service without headers is not paced
  end
  if s.probe == SENT and (a.probed == 1 or now >= s.probeAt + SECOND) then s.probe = SETTLED end
  if a.hold > 0 then
    -- Several questions may tell of one hold, and be on their way unequally long.
    if now + a.hold > s.hold + SECOND / 4 then s.probe = WANTED end
    s.hold = max(s.hold, now + a.hold)
    s.ordered = max(s.ordered, now + a.ordered)
  end
  if a.rejoin == 1 and s.probe == SETTLED then s.probe = WANTED end
end

-- turn is when the place comes back that is left for a caller behind so many others.
local function turn(key, places, ahead)
  local life = s.window + late + floor(s.window / 1000)
  local rounds = floor(ahead / places)
  local rank = text(ahead % places - places)
  local found = redis.call('ZRANGE', key, rank, rank, 'WITHSCORES')
  local taken = found[2] and max(tonumber(found[2]), now - life) or now - life
  return taken + life * (rounds + 1)
end

local function leave(key)
  redis.call('ZREM', key, id)
  redis.call('ZREM', DUE, id)
end

local keep -- how long the keys live, in milliseconds
local function add(key, score, member, once)
  if once then
    redis.call('ZADD', key, 'NX', text(score), member)
  else
    redis.call('ZADD', key, text(score), member)
  end
  redis.call('PEXPIRE', key, keep)
end

local function take()
  local had = redis.call('ZSCORE', USED, id)
  if had then return GO, max(0, tonumber(had) - now) end -- the same question once more
  local bulk = a.bulk == 1
  local queue = bulk and BULKQ or CHATQ
  if a.maxHold > 0 and s.ordered - now > a.maxHold then
    leave(queue)
    return REFUSED, s.hold - now
  end
  local chats, bulks = redis.call('ZCARD', CHATQ), redis.call('ZCARD', BULKQ)
  local before = bulk and bulks or chats
  if before > 0 then before = redis.call('ZRANK', queue, id) or before end
  local near = floor(s.window / 60) -- a turn so near is given out ahead of its time
  local share = s.limit - floor(s.limit / 10)
  local at
  if bulk then
    local ahead = before + min(chats, max(0, STREAK * (before + 1) - s.streak))
    at = max(turn(USED, s.limit, ahead), turn(BULK, share, before))
  else
    local ahead = before
    if bulks > 0 and turn(BULK, share, 0) <= now + near then
      ahead = ahead + min(bulks, max(0, floor((before + s.streak) / STREAK)))
    end
    at = turn(USED, s.limit, ahead)
  end
  if s.blind == 1 then at = now end
  at = max(at, s.hold)
  if a.patience >= 0 and at - now > a.patience then
    leave(queue)
    return REFUSED, at - now
  end
  local probing = s.probe == SENT
  if at <= now + near and not probing then
    leave(queue)
    add(USED, at, id)
    if bulk then add(BULK, at, id) end
    if bulk then -- it went before as many chats, if they wait
      s.streak = chats == 0 and 0 or max(s.streak - STREAK, -STREAK * s.limit)
    else
      s.streak = bulks == 0 and 0 or min(s.streak + 1, STREAK)
    end
    local probe = s.probe == WANTED
    if probe then s.probe, s.probeAt = SENT, at end
    return GO, at - now, probe
  end
  local wait = min(at - floor(near / 2) - now, floor(s.window / 2))
  if probing then wait = min(max(wait, SECOND), 16000 * 2 ^ min(a.asked, 6), SECOND) end
  wait = max(wait, 1000)
  s.seq = s.seq + 1
  add(queue, s.seq, id, true)
  add(DUE, now + wait + floor(s.window / 20) + SECOND, id)
  return AGAIN, wait
end

-- Who did not come back when it was due waits no longer.
local gone = redis.call('ZRANGEBYSCORE', DUE, '-inf', text(now), 'LIMIT', 0, 100)
for _, member in ipairs(gone) do
  for _, key in ipairs({DUE, CHATQ, BULKQ}) do redis.call('ZREM', key, member) end
end

learn()
keep = text(floor((3 * s.window + 2 * SECOND + max(0, s.hold - now)) / 1000))
if a.kind == 1 then redis.call('PEXPIRE', GUESS, keep) end
if now >= s.sweep then
  local old = text(now - floor(s.window * 5 / 4) - 2 * SECOND)
  for _, key in ipairs({USED, BULK, GUESS}) do redis.call('ZREMRANGEBYSCORE', key, '-inf', old) end
  s.sweep = now + floor(s.window / 8)
end

local verdict, wait, probe = 0, 0, false
if op == 'take' then
  verdict, wait, probe = take()
elseif op == 'drop' then
  local had = redis.call('ZSCORE', USED, id)
  if had and s.probe == SENT and tonumber(had) == s.probeAt then s.probe = WANTED end
  leave(CHATQ)
  redis.call('ZREM', BULKQ, id)
  forget(id)
end

local row = {}
for i, name in ipairs(fields) do row[i] = s[name] end
redis.call('SET', STATE, string.format(string.rep('%.0f ', #fields), unpack(row)), 'PX', keep)
return {verdict, wait, probe and 1 or 0, late, s.limit, s.window, now}
