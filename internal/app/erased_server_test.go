//go:build integration

package app_test

import (
	"strings"

	"avow/internal/pgtest"
	"avow/internal/redistest"
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
	for key, value := range redistest.Contents(b.T, address.(string)) {
		all = append(all, heap{"redis", key}, heap{"redis " + key, value})
		all = append(all, b.opened("redis "+key, value)...)
	}
	return all
}
