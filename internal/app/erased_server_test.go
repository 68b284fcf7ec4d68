//go:build integration

package app_test

import (
	"strings"

	"github.com/redis/rueidis"

	"avow/internal/pgtest"
)

func init() { further = append(further, dumped, cached) }

// dumped is a dump of a PostgreSQL database.
func dumped(b *bench) []heap {
	if strings.HasPrefix(b.config.DatabaseURL, "sqlite:") {
		return nil
	}
	return []heap{{"dump", pgtest.Dump(b.T, b.config.DatabaseURL)}}
}

// cached are the keys of a Redis and their values, as they lie there and opened.
func cached(b *bench) (all []heap) {
	b.Helper()
	address, ok := caches.Load(b.config.DatabaseURL)
	if !ok {
		return nil
	}
	o, err := rueidis.ParseURL(address.(string))
	b.must(err)
	o.DisableCache = true
	client, err := rueidis.NewClient(o)
	b.must(err)
	defer client.Close()
	keys, err := client.Do(b.Context(), client.B().Keys().Pattern("*").Build()).AsStrSlice()
	b.must(err)
	for _, key := range keys {
		all = append(all, heap{"redis", key})
		value, err := client.Do(b.Context(), client.B().Get().Key(key).Build()).ToString()
		if rueidis.IsRedisNil(err) {
			continue // its time was over
		}
		b.must(err)
		all = append(all, heap{"redis " + key, value})
		all = append(all, b.opened("redis "+key, value)...)
	}
	return all
}
