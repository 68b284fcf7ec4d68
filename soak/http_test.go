//go:build soak

package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// call is a request in the making.
type call struct {
	method, path, body string
	header             [2]string // name and value of the credential
}

func get(path string) call { return call{method: http.MethodGet, path: path} }

func post(path, body string) call { return call{method: http.MethodPost, path: path, body: body} }

func (c call) bearer(token string) call {
	c.header = [2]string{"Authorization", "Bearer " + token}
	return c
}

func (c call) key(apiKey string) call {
	c.header = [2]string{"X-Api-Key", apiKey}
	return c
}

// answer is an answer that has been read to its end.
type answer struct {
	status int
	body   string
}

func (a answer) read(into any) error {
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		return fmt.Errorf("got %d %q, want JSON: %w", a.status, a.body, err)
	}
	return nil
}

func (a answer) unwanted(what string) error {
	return fmt.Errorf("%s: got %d %s", what, a.status, a.body)
}

// do sends a call; the error is one of the connection or a fault of the server: then it is not known whether anything was done.
func do(with *http.Client, base string, c call) (answer, error) {
	request, err := http.NewRequest(c.method, base+c.path, strings.NewReader(c.body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.header[0] != "" {
		request.Header.Set(c.header[0], c.header[1])
	}
	response, err := with.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusInternalServerError {
		err = fmt.Errorf("got %d %s", response.StatusCode, body)
	}
	return answer{response.StatusCode, string(body)}, err
}

// errLost says that it is not known what became of a call.
var errLost = errors.New("no answer")

// load is what the actors do in one round.
type load struct {
	with      *http.Client
	replicas  []*process
	over      atomic.Bool // no more calls
	disturbed atomic.Bool // from now on answers may get lost
	turn      atomic.Int64
	lost      atomic.Int64
}

func newLoad(replicas []*process) *load {
	return &load{replicas: replicas, with: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

// asker makes a call.
type asker func(call) (answer, error)

// ask makes a call to one replica after the other. errLost: nobody knows what became of it.
func (l *load) ask(c call) (answer, error) {
	replica := l.replicas[int(l.turn.Add(1))%len(l.replicas)]
	got, err := do(l.with, replica.at(), c)
	switch {
	case err == nil:
		return got, nil
	case l.disturbed.Load():
		l.lost.Add(1)
		return answer{}, errLost
	}
	return answer{}, fmt.Errorf("%s %s of %s while nothing is killed: %w", c.method, c.path, replica.name, err)
}

// calm makes a call when all is well again. Connections of before a kill may fail once more, so it is tried again; only for calls that may be made twice.
func calm(replica *process, c call) (got answer, err error) {
	with := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	err = poll(patience/2, func() error {
		got, err = do(with, replica.at(), c)
		return err
	})
	return got, err
}

const settleTime = 2 * time.Minute
