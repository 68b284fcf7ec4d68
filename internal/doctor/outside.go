package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"avow/internal/config"
	"avow/internal/mail"
	"avow/internal/redisstore"
)

// redis looks at the one that is configured.
func redis(ctx context.Context, v *visit) []Finding {
	c := v.Config
	switch {
	case v.spoiled("AVOW_REDIS_URL"):
		return unseen("AVOW_REDIS_URL cannot be used")
	case len(c.Redis.Addresses) == 0 && c.Embedded():
		return fine("none: one process needs none")
	case len(c.Redis.Addresses) == 0:
		return warn("none: every process counts limits for itself", "Set AVOW_REDIS_URL where several processes serve.")
	}
	f, err := redisstore.Inspect(ctx, c.Redis)
	if err != nil {
		return fail("it cannot be used: "+timedOut(err), "See AVOW_REDIS_URL and whether it runs. Until then sessions are read from the database, and calls that send mail answer 503.")
	}
	v.note("the clock of Redis", f.Skew)
	return judgeRedis(f)
}

// slowAnswer is what sessions are not waited for any more.
const slowAnswer = 100 * time.Millisecond

func judgeRedis(f redisstore.Facts) (found []Finding) {
	if old(f.Version) {
		found = append(found, warn("Redis "+f.Version+" is older than 6", "Upgrade it.")...)
	}
	if f.Replica {
		found = append(found, fail("it is a replica and takes no writes", "Name the master, or sentinels, in AVOW_REDIS_URL.")...)
	}
	if f.Limited && f.Policy == "noeviction" {
		found = append(found, warn("its memory is bounded and its maxmemory-policy is noeviction: full, it makes calls that send mail answer 503", "Set maxmemory-policy to volatile-ttl: everything here has an end.")...)
	}
	if f.Took > slowAnswer {
		found = append(found, warn(fmt.Sprintf("it took %v to answer", f.Took.Round(time.Millisecond)), "Put it next to avow: slower than 100 ms it is left alone.")...)
	}
	if len(found) > 0 {
		return found
	}
	keeps := ""
	if f.Keeps {
		keeps = "; it writes to disk, which nothing here needs"
	}
	return fine(fmt.Sprintf("Redis %s, answers in %v, %s%s", f.Version, f.Took.Round(100*time.Microsecond), f.Policy, keeps))
}

func old(version string) bool {
	major := 0
	_, err := fmt.Sscanf(version, "%d.", &major)
	return err == nil && major < 6
}

// relays greets each of them; no mail is sent.
func relays(ctx context.Context, v *visit) (found []Finding) {
	switch {
	case v.spoiled("AVOW_SMTP_URL"):
		return unseen("AVOW_SMTP_URL is missing or cannot be used")
	case len(v.Config.SMTPURLs) == 0:
		return fine("no relay: mail is captured")
	}
	answers := make([]chan []Finding, len(v.Config.SMTPURLs))
	for i, relay := range v.Config.SMTPURLs {
		answers[i] = make(chan []Finding, 1)
		go func() { answers[i] <- v.relay(ctx, relay) }()
	}
	for _, a := range answers {
		found = append(found, <-a...)
	}
	return found
}

func (v *visit) relay(ctx context.Context, text config.Secret) []Finding {
	e, err := mail.Examine(ctx, text.Reveal(), v.Trust)
	switch {
	case err != nil && e.Relay == "":
		return fail(oneLine(err.Error()), "Mend AVOW_SMTP_URL.")
	case err != nil:
		return fail(fmt.Sprintf("relay %s: %s", e.Relay, oneLine(err.Error())), "See AVOW_SMTP_URL and what the relay's log says; mails wait meanwhile (docs/mail.md).")
	case !e.Encrypted && !local(e.Relay):
		return warn("relay "+e.Relay+" takes mail, but offers no encryption", "Have it offer STARTTLS, and insist with ?tls=required.")
	}
	how := "in clear, on this machine"
	if e.Encrypted {
		how = "encrypted"
	}
	if e.LoggedIn {
		how += ", logged in"
	}
	return fine("relay " + e.Relay + " answers, " + how + "; no mail was sent")
}

// local reports whether a host is this machine.
func local(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	u, err := url.Parse("//" + host)
	if err == nil {
		name = u.Hostname()
	}
	addr, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// publicURL asks as a stranger for the health of what answers there. This machine may not reach it although all others do, so it is never a failure.
func publicURL(ctx context.Context, v *visit) []Finding {
	base := v.Config.PublicURL
	if base == "" || v.spoiled("AVOW_PUBLIC_URL") {
		return unseen("AVOW_PUBLIC_URL is missing or cannot be used")
	}
	u, err := url.Parse(base)
	if err != nil {
		return unseen("AVOW_PUBLIC_URL cannot be used")
	}
	found := v.ask(ctx, base)
	if u.Scheme != "https" && !local(u.Host) {
		found = append(found, warn(base+" is not https: tokens and codes can be read on their way", "Put a proxy with a certificate in front, or set AVOW_TLS_CERT and AVOW_TLS_KEY.")...)
	}
	return found
}

func (v *visit) ask(ctx context.Context, base string) []Finding {
	ctx, cancel := context.WithTimeout(ctx, v.Time/2)
	defer cancel()
	const remedy = "See the proxy in front, its certificate and the name's address; from elsewhere it may be reached all the same."
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return warn(base+" cannot be asked", remedy)
	}
	transport := &http.Transport{TLSClientConfig: v.Trust}
	defer transport.CloseIdleConnections()
	began := time.Now()
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return warn(base+" is not reached from here: "+timedOut(err), remedy)
	}
	defer func() { _ = answer.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	v.date(answer, began)
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `"alive":true`) {
		return warn(fmt.Sprintf("%s answers %d, not as avow does", base, answer.StatusCode), remedy)
	}
	return fine(base + " answers")
}

// date is of whole seconds.
func (v *visit) date(answer *http.Response, began time.Time) {
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return
	}
	middle := began.Add(time.Since(began) / 2)
	if by := date.Add(500 * time.Millisecond).Sub(middle); by > 500*time.Millisecond || by < -500*time.Millisecond {
		v.note("the clock of the public URL", by)
		return
	}
	v.note("the clock of the public URL", 0)
}

// wrong is how far two clocks may be apart: leases, codes and signatures are judged by them.
const wrong = 2 * time.Second

// clocks compares those that the other checks have seen with ours.
func clocks(_ context.Context, v *visit) (found []Finding) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.skews) == 0 {
		return fine("there was no other clock to compare with")
	}
	for _, s := range v.skews {
		if s.by.Abs() > wrong {
			found = append(found, warn(fmt.Sprintf("%s is %v %s ours", s.whose, s.by.Abs().Round(time.Millisecond), side(s.by)), "Have both set by NTP: leases, codes and signatures are judged by clocks.")...)
		}
	}
	if len(found) == 0 {
		return fine(fmt.Sprintf("no other of %d is more than %v off", len(v.skews), wrong))
	}
	return found
}

func side(by time.Duration) string {
	if by < 0 {
		return "behind"
	}
	return "before"
}
