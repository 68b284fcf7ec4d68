package redisstore

import (
	"context"
	"encoding/hex"
	"strconv"
	"time"

	"avow/internal/limit"
)

// Limits is a limit.Limiter that all processes share. It has a line of its own: a mail that is refused is worse than a session that is read from the database, so it waits
// longer than the cache does.
type Limits struct{ line *line }

var counting = purpose{time.Second, "it counts limits", "calls that send mail are refused, other limits are not counted"}

// OpenLimits makes a limiter and begins to look for its Redis.
func OpenLimits(o Options) *Limits {
	return openLimits(o, func() (server, error) { return connect(o.Redis) })
}

func openLimits(o Options, dial func() (server, error)) *Limits {
	return &Limits{startLine(counting, dial, o.Log)}
}

// Await waits until it is known whether the Redis answers, for a moment at most: a process that has just started does not take it for away.
func (l *Limits) Await(ctx context.Context) { l.line.await(ctx) }

// Ready reports whether the Redis answers.
func (l *Limits) Ready(ctx context.Context) error { return l.line.ready(ctx) }

// Close ends the use of the Redis.
func (l *Limits) Close() { l.line.close() }

// step is what a Limiter answers.
type step struct {
	levels []int64
	moved  bool
}

// Step implements limit.Limiter. It fails when the Redis is away.
func (l *Limits) Step(ctx context.Context, now int64, moves []limit.Move) (levels []int64, moved bool, err error) {
	made, err := use(ctx, l.line, func(ctx context.Context, s server) (step, error) { return s.step(ctx, now, moves) })
	return made.levels, made.moved, err
}

// stepScript is limit.Step where the levels are. ARGV holds the present, then how far ahead each level may be and by how much it moves. A level is kept ten seconds longer
// than it means anything: the clocks of several processes differ a little. Lua's numbers are exact up to 2^53, which is the year 2255 in microseconds.
const stepScript = `
local now, moved, levels = tonumber(ARGV[1]), 1, redis.call('MGET', unpack(KEYS))
for i = 1, #KEYS do
  levels[i] = math.max(tonumber(levels[i] or now) or now, now)
  if levels[i] - now > tonumber(ARGV[2 * i]) then moved = 0 end
end
for i, key in ipairs(KEYS) do
  local grow = tonumber(ARGV[2 * i + 1])
  if moved == 1 and grow ~= 0 then
    levels[i] = math.max(levels[i] + grow, now)
    redis.call('SET', key, string.format('%.0f', levels[i]), 'PX', string.format('%.0f', math.ceil((levels[i] - now) / 1000) + 10000))
  end
end
levels[#KEYS + 1] = moved
return levels`

// limitKey puts all budgets into one slot of a Cluster: the budgets of one call are moved together or not at all.
func limitKey(k limit.Key) string {
	return "{avow:limit}:" + k.Policy + ":" + hex.EncodeToString(k.Subject[:])
}

func stepArguments(now int64, moves []limit.Move) (keys, args []string) {
	args = []string{strconv.FormatInt(now, 10)}
	for _, m := range moves {
		keys = append(keys, limitKey(m.Key))
		args = append(args, strconv.FormatInt(m.Most, 10), strconv.FormatInt(m.Grow, 10))
	}
	return keys, args
}
