package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"avow/bench/summary"
)

// steady calls at a rate that does not depend on how fast the answers come: a call that has to wait for a connection has begun when it should have.
type steady struct {
	base   string
	people people
	bodies []string
	client *http.Client
	next   *atomic.Int64
}

// inFlight is how many calls there may be at once.
const inFlight = 64

func newSteady(base string, p people, bodies []string) steady {
	return steady{base: base, people: p, bodies: bodies, next: new(atomic.Int64), client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: inFlight}}}
}

// run calls for a while and tells what that took.
func (s steady) run(ctx context.Context, rate float64, d time.Duration) (summary.Run, error) {
	r := summary.Run{Bad: map[string]int{}}
	var mu sync.Mutex
	var times []time.Duration
	due := make(chan time.Time, 1<<20)
	var callers sync.WaitGroup
	for range inFlight {
		callers.Go(func() {
			for at := range due {
				status, wrong := s.call(ctx)
				took := time.Since(at)
				mu.Lock()
				times = append(times, took)
				if status != http.StatusCreated {
					r.Bad[fmt.Sprint(status)]++
					r.Wrong = wrong
				}
				mu.Unlock()
			}
		})
	}
	begun := time.Now()
	for i := 0; ctx.Err() == nil; i++ {
		at := begun.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		if at.Sub(begun) > d {
			break
		}
		time.Sleep(time.Until(at))
		due <- at
	}
	close(due)
	callers.Wait()
	slices.Sort(times)
	r.Rate, r.P50, r.P99 = float64(len(times))/time.Since(begun).Seconds(), share(times, .5), share(times, .99)
	return r, ctx.Err()
}

func share(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(p*float64(len(sorted)-1))]) / float64(time.Millisecond)
}

// call makes call A and call B in turn; 0 is no answer.
func (s steady) call(ctx context.Context) (status int, wrong string) {
	n := int(s.next.Add(1))
	path, header, value, body := "/api/v1/step3/store-verification-items/store", "X-Api-Key", s.people.apiKey, s.bodies[n/2%len(s.bodies)]
	if n%2 == 0 {
		path, header, value = "/external/api/v1/me/create_verification_request", "Authorization", "Bearer "+s.people.tokens[n/2%len(s.people.tokens)]
		body = `{"verification_url":"` + verificationURL + `"}`
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, err.Error()
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(header, value)
	answer, err := s.client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

// startSink starts a relay that takes every mail and keeps none; it ends with the process.
func startSink() (address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go sink(conn)
		}
	}()
	return l.Addr().String(), nil
}

func sink(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	c := textproto.NewConn(conn)
	say := func(line string) bool { return c.PrintfLine("%s", line) == nil }
	for ok := say("220 sink"); ok; {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(line, " "); verb {
		case "DATA":
			if ok = say("354 go on"); ok {
				_, err = io.Copy(io.Discard, c.DotReader())
				ok = err == nil && say("250 taken")
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			ok = say("250 ok")
		}
	}
}
