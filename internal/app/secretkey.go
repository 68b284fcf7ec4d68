package app

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"avow/internal/config"
)

// secretKeyFile is where dev keeps its master key, in the data directory.
const secretKeyFile = "secret.key"

// ErrNoKey says how to give a command the key that its database was written with.
var ErrNoKey = errors.New("AVOW_SECRET_KEY is not set, and the data directory holds no secret.key of `avow dev`")

// UseKeyFile fills in the master key from the data directory when none is configured and the database is the embedded one in that directory.
func UseKeyFile(c *config.Config) error {
	if len(c.SecretKeys) > 0 {
		return nil
	}
	if !c.Embedded() || filepath.Dir(filepath.Clean(c.DatabaseFile())) != filepath.Clean(c.DataDir) {
		return ErrNoKey
	}
	text, err := os.ReadFile(filepath.Join(c.DataDir, secretKeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNoKey
	}
	if err != nil {
		return err
	}
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != 32 {
		return fmt.Errorf("%s does not hold 32 bytes in base64", filepath.Join(c.DataDir, secretKeyFile))
	}
	c.SecretKeys = config.Keys{key}
	return nil
}

// MakeKeyFile writes a new master key into the data directory unless there is one, readable for its owner only. A database that is there without its key was not
// made by dev: it is refused and nothing is left behind, least of all a key that does not belong to it.
func MakeKeyFile(c config.Config, random io.Reader) error {
	file := filepath.Join(c.DataDir, secretKeyFile)
	if len(c.SecretKeys) > 0 || exists(file) {
		return nil
	}
	if c.Embedded() && exists(c.DatabaseFile()) {
		return errForeign
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return err
	}
	key := make([]byte, 32)
	if _, err := io.ReadFull(random, key); err != nil {
		return err
	}
	return writeOnce(file, base64.StdEncoding.EncodeToString(key)+"\n")
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// writeOnce makes a file that must not be there yet.
func writeOnce(name, text string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	return errors.Join(err, file.Sync(), file.Close())
}
