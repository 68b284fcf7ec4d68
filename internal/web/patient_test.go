package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestPatient has a handler outlive what ends others: the Observer's timeout and the server's. Its context ends by its own timeout and with its caller.
func TestPatient(t *testing.T) {
	t.Parallel()
	ends := make(chan error, 1)
	until := func(w http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		ends <- r.Context().Err()
		return nil
	}
	const short, long = 400 * time.Millisecond, time.Second
	s := NewSite(shape("site"))
	s.Mount(Family{Prefixes: []string{"/x/"}, Render: shape("x"), Routes: []Route{
		{Method: "POST", Path: "/x/slow", Handle: Patient(until, long)}, {Method: "POST", Path: "/x/slower", Handle: Patient(until, time.Hour)},
	}})
	o := observerOf(s)
	o.Timeout = short
	server := httptest.NewUnstartedServer(o.Observe(s))
	server.Config.ReadTimeout = short
	server.Start()
	t.Cleanup(server.Close)
	began := time.Now()
	answer, err := http.Post(server.URL+"/x/slow", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if took, err := time.Since(began), <-ends; took < long || err != context.DeadlineExceeded || answer.Body.Close() != nil {
		t.Errorf("got an end after %v by %v, want one after %v by its own deadline", took, err, long)
	}
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("POST /x/slower HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ends; err != context.Canceled {
		t.Errorf("got %v after the caller has left, want it cancelled", err)
	}
}
