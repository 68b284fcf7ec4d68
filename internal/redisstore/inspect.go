package redisstore

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"avow/internal/config"
)

// Facts are what an operator should know of a Redis. With a Cluster they are those of one of its nodes.
type Facts struct {
	Version string
	Skew    time.Duration // how far its clock is before ours
	Took    time.Duration // to answer
	Limited bool          // there is a bound to its memory
	Policy  string        // what it does at that bound
	Keeps   bool          // it writes what it holds to a disk, which nothing needs
	Replica bool          // it takes no writes
}

// Inspect looks at a Redis without changing anything.
func Inspect(ctx context.Context, r config.Redis) (Facts, error) {
	client, err := rueidis.NewClient(clientOptions(r))
	if err != nil {
		return Facts{}, err
	}
	defer client.Close()
	began := time.Now()
	clock, err := client.Do(ctx, client.B().Time().Build()).AsIntSlice()
	if err != nil || len(clock) != 2 {
		return Facts{}, err
	}
	f := Facts{Took: time.Since(began)}
	f.Skew = time.Unix(clock[0], clock[1]*1000).Sub(began.Add(f.Took / 2))
	text, err := client.Do(ctx, client.B().Info().Build()).ToString()
	f.read(text)
	return f, err
}

// read takes facts out of what INFO says, a name and a value a line.
func (f *Facts) read(info string) {
	said := map[string]string{}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		said[name] = value
	}
	bound, _ := strconv.ParseInt(said["maxmemory"], 10, 64)
	f.Version, f.Policy, f.Limited = said["redis_version"], said["maxmemory_policy"], bound > 0
	f.Keeps, f.Replica = said["aof_enabled"] == "1", said["role"] == "slave"
}
