package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"avow/internal/config"
	"avow/internal/mail"
)

// settings tells all that is wrong with them, and what is right but risky.
func settings(_ context.Context, v *visit) (found []Finding) {
	for _, p := range v.Problems {
		found = append(found, fail(p.Setting, p.Text)...)
	}
	if slices.Contains(v.Config.AllowedVerificationURLs, "*") && v.Config.Profile == config.Serve {
		found = append(found, warn("AVOW_ALLOWED_VERIFICATION_URLS is *: every client can have mails sent with links to anywhere", "Name the prefixes that your clients use.")...)
	}
	if !v.Config.Limits {
		found = append(found, warn("AVOW_LIMITS is off: nothing is counted", "Leave it off in tests only.")...)
	}
	if folder := v.Config.MailTemplates; folder != "" {
		if _, err := mail.LoadRenderer(os.DirFS(folder)); err != nil {
			found = append(found, fail("AVOW_MAIL_TEMPLATES: "+oneLine(err.Error()), "Mend the files; docs/mail.md says what each must hold.")...)
		}
	}
	if len(found) == 0 {
		return fine("complete, for avow " + string(v.Config.Profile))
	}
	return found
}

// The least free disk space below which an embedded database is in danger, and that at which it is time to look.
const (
	tightSpace = 1 << 30
	noSpace    = 100 << 20
)

// files looks at the embedded database's: who may read them, and the room for more.
func files(_ context.Context, v *visit) (found []Finding) {
	c := v.Config
	if v.spoiled("AVOW_DATABASE_URL") {
		return unseen("AVOW_DATABASE_URL cannot be used")
	}
	if !c.Embedded() {
		return fine("the database is elsewhere")
	}
	if missing(c.DatabaseFile()) {
		return unseen("there is no database")
	}
	for _, name := range []string{c.DatabaseFile(), c.DatabaseFile() + "-wal", filepath.Join(c.DataDir, "secret.key")} {
		info, err := os.Stat(name)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			found = append(found, warn(fmt.Sprintf("%s has mode %04o: other users of this machine can read it", name, info.Mode().Perm()), "chmod 600 "+name)...)
		}
	}
	found = append(found, space(filepath.Dir(c.DatabaseFile()))...)
	return found
}

func missing(file string) bool {
	_, err := os.Stat(file)
	return errors.Is(err, fs.ErrNotExist)
}

func space(dir string) []Finding {
	free, err := freeSpace(dir)
	switch text := fmt.Sprintf("%d MiB are free on the disk of %s", free>>20, dir); {
	case err != nil:
		return warn("the free space on the disk of "+dir+" is not known: "+reason(err), "See to it yourself that there is enough.")
	case free < noSpace:
		return fail(text, "Make room at once: changes are refused when the disk is full (docs/operations.md).")
	case free < tightSpace:
		return warn(text, "Make room, or move AVOW_DATA_DIR to a larger disk (docs/operations.md).")
	default:
		return fine(text)
	}
}

// reason leaves out the name of the file, which is told already.
func reason(err error) string {
	if path, ok := err.(*fs.PathError); ok {
		return path.Err.Error()
	}
	return oneLine(err.Error())
}

// soon is how long before its end a certificate is told of.
const soon = 14 * 24 * time.Hour

// certificate looks at the one that avow serves itself.
func certificate(_ context.Context, v *visit) []Finding {
	c := v.Config
	if c.TLSCert == "" || c.TLSKey == "" {
		return fine("none here: a proxy in front encrypts")
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return fail("AVOW_TLS_CERT and AVOW_TLS_KEY cannot be used: "+oneLine(err.Error()), "Give the PEM files of one certificate chain and its key.")
	}
	switch left := pair.Leaf.NotAfter.Sub(v.Now()); {
	case left <= 0:
		return fail("the certificate has expired", "Renew it and restart avow.")
	case left < soon:
		return warn(fmt.Sprintf("the certificate expires in %d days", left/(24*time.Hour)), "Renew it and restart avow.")
	default:
		return fine(fmt.Sprintf("the certificate is good for %d days", left/(24*time.Hour)))
	}
}
