package redisstore

import (
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"avow/internal/config"
)

// TestStrangersAreNotTrusted talks to a server with a certificate that nobody has signed.
func TestStrangersAreNotTrusted(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	stranger.StartTLS()
	defer stranger.Close()
	address := strings.TrimPrefix(stranger.URL, "https://")
	for _, master := range []string{"", "main"} {
		_, err := connect(config.Redis{Addresses: []string{address}, Master: master, TLS: true, Password: "hunter2"})
		if unknown := (x509.UnknownAuthorityError{}); !errors.As(err, &unknown) {
			t.Errorf("master %q: got %v, want it not to be trusted", master, err)
		}
	}
}
