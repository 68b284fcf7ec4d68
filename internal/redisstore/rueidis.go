package redisstore

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"avow/internal/config"
	"avow/internal/limit"
)

// redis is a server, a Cluster, or the master that sentinels name.
type redis struct{ client rueidis.Client }

// connect fails when no Redis is there. What it returns connects again by itself, but is thrown away when a call has failed.
func connect(r config.Redis) (server, error) {
	client, err := rueidis.NewClient(clientOptions(r))
	if err != nil {
		return nil, err
	}
	return redis{client}, nil
}

// connectTime bounds one connection and each command on its way to one.
const connectTime = time.Second

func clientOptions(r config.Redis) rueidis.ClientOption {
	dialer := net.Dialer{Timeout: connectTime}
	o := rueidis.ClientOption{
		InitAddress: r.Addresses, Username: r.User, Password: r.Password, SelectDB: r.Database, ClientName: "avow",
		Dialer: dialer, ConnWriteTimeout: connectTime, DisableCache: true, DisableRetry: true,
		Sentinel: rueidis.SentinelOption{
			MasterSet: r.Master, Username: r.SentinelUser, Password: r.SentinelPassword, ClientName: "avow", Dialer: dialer,
			TopologyRefreshInterval: 5 * time.Second,
		},
	}
	if r.TLS {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		o.Sentinel.TLSConfig = o.TLSConfig
	}
	return o
}

func (r redis) get(ctx context.Context, keys []string) ([][]byte, error) {
	var commands rueidis.Commands
	for _, key := range keys {
		commands = append(commands, r.client.B().Get().Key(key).Build())
	}
	var values [][]byte
	for _, answer := range r.client.DoMulti(ctx, commands...) {
		value, err := answer.AsBytes()
		switch {
		case err == nil:
			values = append(values, value)
		case !rueidis.IsRedisNil(err):
			return nil, err
		}
	}
	return values, nil
}

func (r redis) set(ctx context.Context, pairs []pair, last time.Duration) error {
	var commands rueidis.Commands
	for _, p := range pairs {
		commands = append(commands, r.client.B().Set().Key(p.key).Value(rueidis.BinaryString(p.value)).PxMilliseconds(last.Milliseconds()).Build())
	}
	return r.all(ctx, commands)
}

// all carries out commands and returns the first error.
func (r redis) all(ctx context.Context, commands rueidis.Commands) error {
	for _, answer := range r.client.DoMulti(ctx, commands...) {
		if err := answer.Error(); err != nil {
			return err
		}
	}
	return nil
}

// keepScript is SET for a key that does not hold the mark of what was forgotten. ARGV holds value, milliseconds and mark.
const keepScript = `
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[3]) ~= ARGV[3] then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1`

func (r redis) keep(ctx context.Context, pairs []pair, last time.Duration) error {
	var commands rueidis.Commands
	for _, p := range pairs {
		commands = append(commands, r.client.B().Eval().Script(keepScript).Numkeys(1).Key(p.key).
			Arg(rueidis.BinaryString(p.value), strconv.FormatInt(last.Milliseconds(), 10), forgotten).Build())
	}
	return r.all(ctx, commands)
}

var stepping = rueidis.NewLuaScript(stepScript)

func (r redis) step(ctx context.Context, now int64, moves []limit.Move) (step, error) {
	keys, args := stepArguments(now, moves)
	answer, err := stepping.Exec(ctx, r.client, keys, args).AsIntSlice()
	if err != nil {
		return step{}, err
	}
	if len(answer) != len(moves)+1 {
		return step{}, fmt.Errorf("got %d numbers for %d budgets", len(answer), len(moves))
	}
	return step{levels: answer[:len(moves)], moved: answer[len(moves)] == 1}, nil
}

func (r redis) close() { r.client.Close() }
