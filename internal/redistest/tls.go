package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// certified is for how long the certificates hold: longer than any test.
const certified = 24 * time.Hour

// StartTLS starts an empty server as Start does, whose URL is that of its port for TLS. Its certificate, for 127.0.0.1, is signed by an authority of its own, whose
// certificate is in the PEM file authority. The port without TLS is our own way in.
func StartTLS(t testing.TB, arguments ...string) (s *Server, authority string) {
	t.Helper()
	dir := t.TempDir()
	if err := certify(dir); err != nil {
		t.Fatalf("redistest: certificates: %v", err)
	}
	port := 0
	s = startData(t, rand.Text(), func(int) (all []string, err error) {
		port, err = freePort()
		return append([]string{"--tls-port", strconv.Itoa(port), "--tls-auth-clients", "no", "--tls-cert-file", filepath.Join(dir, certFile),
			"--tls-key-file", filepath.Join(dir, keyFile), "--tls-ca-cert-file", filepath.Join(dir, authorityFile)}, arguments...), err
	})
	u := s.url()
	u.Scheme, u.Host = "rediss", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	s.URL = u.String()
	return s, filepath.Join(dir, authorityFile)
}

const (
	authorityFile = "authority.pem"
	certFile      = "server.pem"
	keyFile       = "server.key"
)

// certify writes the certificates of an authority and of a server, and the server's key. The authority's key is forgotten.
func certify(dir string) error {
	authority, server := certificate(1), certificate(2)
	authority.IsCA, authority.BasicConstraintsValid, authority.KeyUsage = true, true, x509.KeyUsageCertSign
	server.IPAddresses, server.ExtKeyUsage = []net.IP{net.IPv4(127, 0, 0, 1)}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	serverKey, keyErr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err, keyErr); err != nil {
		return err
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	serverDER, serverErr := x509.CreateCertificate(rand.Reader, server, authority, &serverKey.PublicKey, authorityKey)
	keyDER, keyErr := x509.MarshalPKCS8PrivateKey(serverKey)
	return errors.Join(err, serverErr, keyErr,
		write(dir, authorityFile, "CERTIFICATE", authorityDER), write(dir, certFile, "CERTIFICATE", serverDER), write(dir, keyFile, "PRIVATE KEY", keyDER))
}

func certificate(number int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "redistest " + strconv.FormatInt(number, 10)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(certified),
	}
}

func write(dir, name, kind string, der []byte) error {
	return os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
