//go:build e2e

package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	shutdownTimeout = 5 * time.Second
	// slack is what a busy machine may add to the shutdown time.
	slack = 10 * time.Second
)

func TestStopUnderLoadIsGentle(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stopUnderLoad(t, signal)
		})
	}
}

func stopUnderLoad(t *testing.T, signal syscall.Signal) {
	t.Helper()
	data := t.TempDir()
	p := startDev(t, data, "AVOW_SHUTDOWN_TIMEOUT="+shutdownTimeout.String())
	l := &load{base: p.ready.URL, gentle: true}
	var requesters []*requester
	for n := range 4 {
		who, err := operator{data: data}.person(p.ready.Demo.Org, p.ready.Demo.ClientID, fmt.Sprintf("holder-%d@example.com", n))
		if err != nil {
			t.Fatal(err)
		}
		requesters = append(requesters, &requester{person: who})
	}
	opened := openSession(t, p.ready.URL, p.ready.Demo.APIKey, student{"student_1", "Sam Doe", "sam@example.com"})
	s := &selector{apiKey: p.ready.Demo.APIKey, session: opened.Data.SessionToken, verification: opened.Data.RecordVerificationID}
	for n, r := range requesters {
		l.start(r, n%2 == 0) // new connections are the harder case: they queue where the server takes them
	}
	l.start(s, false)
	<-time.NewTimer(200 * time.Millisecond).C
	l.ending.Store(true)
	p.signal(t, signal)
	if code := p.exitCode(t, shutdownTimeout+slack); code != 0 {
		t.Errorf("exit code: got %d with %q on stderr, want 0", code, lastLines(p.stderr.String(), 5))
	}
	l.wait(t)
	p.calm(t)
	checkAfterStop(t, data, requesters, s)
}

func checkAfterStop(t *testing.T, data string, requesters []*requester, s *selector) {
	t.Helper()
	p := startDev(t, data)
	acked := 0
	for _, r := range requesters {
		acked += len(r.acked)
		if _, err := r.verifySurvivor(p.ready.URL); err != nil {
			t.Error(err)
		}
	}
	if acked == 0 || s.acked == 0 {
		t.Errorf("got %d requests and %d selections acknowledged, want a load", acked, s.acked)
	}
	t.Logf("%d requests and %d selections acknowledged before the stop", acked, s.acked)
	if err := s.check(p.ready.URL); err != nil {
		t.Error(err)
	}
}

// slowCall is a call whose head has been read by the server, and whose body is to come.
type slowCall struct {
	net.Conn
	body string
}

// beginCall sends the head of a call and waits for the server to ask for the body: from then on it is in flight.
func beginCall(t *testing.T, c call) slowCall {
	t.Helper()
	u, err := url.Parse(c.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n", c.method, u.Path, u.Host, len(c.body))
	for name, value := range c.header {
		head += name + ": " + value + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		t.Fatal(err)
	}
	const asks = "HTTP/1.1 100 Continue\r\n\r\n"
	got := make([]byte, len(asks))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != asks {
		t.Fatalf("got %q, %v, want %q", got, err, asks)
	}
	return slowCall{conn, c.body}
}

// finish sends the body and reads the answer.
func (c slowCall) finish(t *testing.T) answer {
	t.Helper()
	if _, err := io.WriteString(c, c.body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("got %q, then %v, want a whole body", body, err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// refusesConnections waits until a server takes no new work.
func refusesConnections(t *testing.T, p *program) {
	t.Helper()
	address := strings.TrimPrefix(p.ready.URL, "http://")
	eventually(t, "new connections after the signal", func() error {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return nil
		}
		return errors.Join(errors.New("got a connection, want it refused"), conn.Close())
	})
}

func TestStopLetsACallInFlightFinish(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := startDev(t, data)
	slow := beginCall(t, createCall(p.ready.URL, p.ready.Demo.AccessToken, "https://app.example/slow"))
	p.signal(t, syscall.SIGTERM)
	refusesConnections(t, p)
	got := slow.finish(t)
	if got.status != http.StatusCreated {
		t.Fatalf("the call in flight: got %d %s, want 201", got.status, got.body)
	}
	if code := p.exitCode(t, patience); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	p.calm(t)
	made := mustDecode[created](t, got.body)
	again := startDev(t, data)
	s, err := standingOf(again.ready.URL, p.ready.Demo.AccessToken)
	if err != nil || s.Item.ID != made.ID {
		t.Errorf("pending after the restart: got %+v, %v, want request %s", s.Item, err, made.ID)
	}
	if _, err := newestMail(again.ready.URL, p.ready.Demo.AccountEmail, "https://app.example/slow?"); err != nil {
		t.Errorf("the mail after the restart: %v", err)
	}
}

func TestStopDoesNotWaitForeverForACallInFlight(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	p := startDev(t, t.TempDir(), "AVOW_SHUTDOWN_TIMEOUT="+timeout.String())
	beginCall(t, createCall(p.ready.URL, p.ready.Demo.AccessToken, ""))
	begun := time.Now()
	p.signal(t, syscall.SIGTERM)
	if code := p.exitCode(t, timeout+slack); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if took := time.Since(begun); took < timeout {
		t.Errorf("the call in flight: got %s to finish, want %s", took, timeout)
	}
}

func TestStopOfAnIdleServerIsQuick(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	must(t, get(p.ready.URL+"/healthz"), http.StatusOK)
	begun := time.Now()
	p.stop(t)
	p.calm(t)
	if took := time.Since(begun); took > slack {
		t.Errorf("got %s, want well under the 15s for calls in flight", took)
	}
}
