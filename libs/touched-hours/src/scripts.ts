/** KEYS: due, last, first, counter. ARGV: now, rest, longest wait, members. */
export const markScript = `
  local now, rest, wait = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
  local touch = redis.call('INCR', KEYS[4])
  for index = 4, #ARGV do
    local member = ARGV[index]
    redis.call('HSET', KEYS[2], member, touch)
    redis.call('HSETNX', KEYS[3], member, now)
    local latest = tonumber(redis.call('HGET', KEYS[3], member)) + wait
    redis.call('ZADD', KEYS[1], math.min(now + rest, latest), member)
  end
  return #ARGV - 3`;

/** KEYS: due, last, first. ARGV: member, touch. 1 when the mark stays, because it was touched since. */
export const settleScript = `
  redis.call('HDEL', KEYS[3], ARGV[1])
  if tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0') > tonumber(ARGV[2]) then return 1 end
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
  return 0`;
