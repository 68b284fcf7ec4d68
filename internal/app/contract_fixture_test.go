package app_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/catalogue"
	"avow/internal/config"
	"avow/internal/limit"
	"avow/internal/outbox"
	"avow/internal/skill"
)

// words splits a fixture line: `noun name key="a b" flag`.
func words(line string) []string {
	var out []string
	var word strings.Builder
	quoted := false
	for _, r := range line + " " {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ' ' && !quoted:
			if word.Len() > 0 {
				out = append(out, word.String())
			}
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	return out
}

// arguments are the words of a line by name; a flag has an empty value.
type arguments struct {
	words []string
	named map[string]string
}

func parse(line []string) arguments {
	a := arguments{named: map[string]string{}}
	for _, w := range line {
		if name, value, ok := strings.Cut(w, "="); ok && !strings.Contains(name, "/") {
			a.named[name] = value
		} else {
			a.words = append(a.words, w)
		}
	}
	return a
}

func (a arguments) flag(name string) bool { return slices.Contains(a.words, name) }

// setup carries out fixture lines. Those that shape the server come first.
func (b *bench) setup(text string) {
	b.Helper()
	for line := range strings.SplitSeq(text, "\n") {
		all := words(b.fill(strings.TrimSpace(line)))
		if len(all) == 0 || strings.HasPrefix(all[0], "#") {
			continue
		}
		switch noun, a := all[0], parse(all[1:]); {
		case noun == "serve", noun == "limits", noun == "redis", noun == "trust":
			b.shape(noun, a.words)
		case noun == "allow":
			b.config.AllowedVerificationURLs = a.words[1:]
		default:
			b.start()
			b.fixture(noun, a)
		}
	}
}

// shape changes the settings of a server that is not started yet. One that follows the rules of `avow serve` still captures mail without a relay.
func (b *bench) shape(noun string, words []string) {
	b.Helper()
	if b.app != nil {
		b.Fatalf("got %s after the server was started, want it first", noun)
	}
	switch noun {
	case "serve":
		b.config.Profile, b.config.EgressAllow = config.Serve, nil
	case "limits":
		b.config.Limits = words[0] == "on"
	case "redis":
		b.config.Redis = config.Redis{Addresses: []string{nowhere}}
	case "trust":
		for _, network := range words {
			b.config.TrustedProxies = append(b.config.TrustedProxies, netip.MustParsePrefix(network))
		}
	}
}

// spend uses up a budget.
func (b *bench) spend(a arguments) {
	b.Helper()
	i := slices.IndexFunc(limit.Policies, func(p *limit.Policy) bool { return p.Name == a.words[0] })
	if i < 0 {
		b.Fatalf("got policy %q, want one of docs/limits.md", a.words[0])
	}
	p := limit.Policies[i]
	_, err := b.app.Budgets.Take(context.Background(), limit.Draw{Policy: p, Subject: a.words[1], Units: p.Quota})
	b.must(err)
}

func (b *bench) fixture(noun string, a arguments) {
	b.Helper()
	fixtures := map[string]func(arguments){
		"org": b.organisation, "client": b.client, "account": b.account, "endpoint": b.endpoint, "receiver": b.receiver, "token": b.token, "key": b.key, "set": b.set,
		"revoke": b.revoke, "disable": b.disable, "initiate": b.initiate, "verify": b.verify, "reject": b.reject, "complete": b.complete,
		"break": b.breaks, "mend": b.mend, "rotate": b.rotate, "mail": b.captured, "spend": b.spend, "webhook": b.seedWebhook, "attempt": b.attempt, "cancel": b.cancel, "skill": b.catalogued, "paper": b.paper, "expire": b.expire,
		"sent": b.seedSent,
	}
	make, ok := fixtures[noun]
	if !ok {
		b.Fatalf("got fixture %q, want one of contract/README.md", noun)
	}
	make(a)
}

// breaks takes the database away from every process, or what can be mended.
func (b *bench) breaks(a arguments) {
	if trouble, ok := b.troubles()[a.words[0]]; ok {
		trouble.Store(true)
		return
	}
	for _, a := range b.apps {
		b.must(a.Close())
	}
}

func (b *bench) mend(a arguments) { b.troubles()[a.words[0]].Store(false) }

// troubles are what can be broken and mended, the mail relay and the generator of questions.
func (b *bench) troubles() map[string]*atomic.Bool {
	return map[string]*atomic.Bool{"mail": b.relay, "generator": &b.generator.broken}
}

func (b *bench) organisation(a arguments) {
	o, err := b.app.Admin.CreateOrganisation(context.Background(), a.words[0], false)
	b.must(err)
	b.vars[a.words[0]+".id"] = o.ID
}

func (b *bench) client(a arguments) {
	c, secret, err := b.app.Admin.CreateClient(context.Background(), access.NewClient{
		Org: a.named["org"], Name: a.words[0], Scopes: access.ParseScopes(a.named["scopes"]), OfflineAccess: a.flag("offline"),
		VerificationURLs: strings.FieldsFunc(a.named["urls"], func(r rune) bool { return r == ',' }),
	})
	b.must(err)
	b.vars[a.words[0]+".id"], b.vars[a.words[0]+".secret"] = c.ID, secret
	b.vars[a.words[0]+".basic"] = base64.StdEncoding.EncodeToString([]byte(c.ID + ":" + secret))
	b.private = append(b.private, secret)
}

func (b *bench) account(a arguments) {
	ctx := context.Background()
	o, err := b.app.Admin.Organisation(ctx, a.named["org"])
	b.must(err)
	made, err := b.app.Accounts.Create(ctx, account.NewAccount{
		Org: o.ID, Email: a.named["email"], Password: a.named["password"], Verified: a.flag("verified"), LoginDisabled: a.flag("login_disabled"),
		Profile: account.Profile{
			Alias: a.named["alias"], CustomerNumber: a.named["customer_number"], TuloCustomerNumber: a.named["tulo_customer_number"], ExternalIDs: pairs(a.named["external"]), Language: a.named["language"],
		},
	})
	b.must(err)
	b.vars[a.words[0]+".id"] = made.ID
	status := a.named["status"]
	if status == "" {
		return
	}
	b.must(b.app.Store.Change(ctx, account.KeyOfID(made.ID), func(s account.State) (account.Next, error) {
		changed := *s.Account
		changed.Status = account.Status(status)
		return account.Next{Account: &changed}, nil
	}))
}

// pairs reads "a:1,b:2".
func pairs(text string) map[string]string {
	all := map[string]string{}
	for one := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' }) {
		key, value, _ := strings.Cut(one, ":")
		all[key] = value
	}
	return all
}

// token writes a token as it stands, also one that the account's state would not allow any more.
func (b *bench) token(a arguments) {
	ctx := context.Background()
	ttl := time.Hour
	if text := a.named["ttl"]; text != "" {
		var err error
		ttl, err = time.ParseDuration(text)
		b.must(err)
	}
	text := access.Random{Source: rand.Reader}.Secret("avow_at_")
	b.vars[a.words[0]] = text
	b.private = append(b.private, text)
	now := b.clock.Now()
	b.must(b.app.Store.ChangeGrant(ctx, account.GrantKey{Client: b.vars[a.named["client"]+".id"]}, func(s account.GrantState) (account.GrantNext, error) {
		t := access.Token{
			Hash: b.keys().Hash(access.ForToken, text), Kind: access.AccessToken, Org: s.Client.Org, Client: s.Client.ID, Scopes: s.Client.Scopes,
			Family: text, CreatedAt: now, ExpiresAt: now.Add(ttl),
		}
		if asked := access.ParseScopes(a.named["scopes"]); len(asked) > 0 {
			t.Scopes = asked
		}
		if name := a.named["account"]; name != "" {
			t.Account = b.vars[name+".id"]
		}
		return account.GrantNext{Issue: []access.Token{t}}, nil
	}))
}

// keys are those of the server's settings.
func (b *bench) keys() *access.Keyring {
	b.Helper()
	keys, err := access.NewKeyring(b.config.SecretKeys)
	b.must(err)
	return keys
}

func (b *bench) key(a arguments) {
	k, err := b.app.Admin.CreateKey(context.Background(), a.named["org"], a.words[0], access.Mode(a.named["mode"]))
	b.must(err)
	name := a.words[0]
	b.vars[name+".id"], b.vars[name+".api"], b.vars[name+".secret"] = k.ID, k.Text, k.Secret
	b.private = append(b.private, k.Text, k.Secret)
}

// rotate gives a key another secret.
func (b *bench) rotate(a arguments) {
	name := a.words[1]
	overlap, err := time.ParseDuration(a.named["overlap"])
	b.must(err)
	k, err := b.app.Admin.RotateKey(context.Background(), b.vars[name+".id"], overlap)
	b.must(err)
	b.vars[name+".previous.secret"], b.vars[name+".secret"] = b.vars[name+".secret"], k.Secret
	b.private = append(b.private, k.Secret)
}

func (b *bench) set(a arguments) {
	_, err := b.app.Admin.Set(context.Background(), a.words[0], a.words[1], a.words[2])
	b.must(err)
}

func (b *bench) revoke(a arguments) {
	if a.words[0] == "key" {
		b.must(b.app.Store.RevokeKey(context.Background(), b.vars[a.words[1]+".id"], b.clock.Now()))
		return
	}
	b.must(b.app.Accounts.Revoke(context.Background(), b.vars[a.words[1]]))
}

func (b *bench) disable(a arguments) {
	ctx, id := context.Background(), b.vars[a.words[1]+".id"]
	if a.words[0] == "client" {
		b.must(b.app.Store.DisableClient(ctx, id, b.clock.Now()))
		return
	}
	b.must(b.app.Accounts.Disable(ctx, id))
}

// catalogued imports a skill.
func (b *bench) catalogued(a arguments) {
	b.Helper()
	lines := fmt.Sprintf("id,name,category,aliases\n%s,%q,%s,%s\n", a.words[0], a.named["name"], a.named["category"], a.named["aliases"])
	skills, err := catalogue.Read(strings.NewReader(lines), func(int) {})
	b.must(err)
	_, err = b.app.Catalogue.Import(context.Background(), skills, false)
	b.must(err)
}

// expire ends the reviews that are over, as the worker does now and then.
func (b *bench) expire(a arguments) {
	b.Helper()
	n, err := b.app.Skills.ExpireReviews(context.Background(), 100)
	b.must(err)
	if want := a.words[0]; strconv.Itoa(n) != want {
		b.Fatalf("got %d reviews that are over, want %s", n, want)
	}
}

// seed changes a verification through the store, as the endpoints that are not built yet will.
func (b *bench) seed(id string, change func(v *skill.Verification, skills []skill.Skill)) {
	b.Helper()
	b.must(b.app.Store.ChangeVerification(context.Background(), skill.Subject{Verification: id}, func(s skill.State) (skill.Next, error) {
		v, skills := *s.Verification, slices.Clone(s.Skills)
		change(&v, skills)
		return skill.Next{Verification: &v, Skills: skills}, nil
	}))
}

func (b *bench) initiate(a arguments) {
	b.seed(a.words[0], func(v *skill.Verification, _ []skill.Skill) { v.InitiatedAt = b.clock.Now() })
}

func (b *bench) complete(a arguments) {
	b.seed(a.words[0], func(v *skill.Verification, _ []skill.Skill) { v.CompletedAt = b.clock.Now() })
}

func (b *bench) verify(a arguments) { b.judge(a, skill.Verified, skill.Verifier(a.named["by"])) }

func (b *bench) reject(a arguments) { b.judge(a, skill.Rejected, "") }

func (b *bench) judge(a arguments, status skill.Status, by skill.Verifier) {
	b.Helper()
	b.seed(a.words[0], func(_ *skill.Verification, skills []skill.Skill) {
		i := slices.IndexFunc(skills, func(s skill.Skill) bool { return s.ID == a.words[1] })
		if i < 0 {
			b.Fatalf("got no skill %s, want one", a.words[1])
		}
		skills[i].Status, skills[i].VerifiedBy = status, by
		if status == skill.Verified {
			skills[i].VerifiedAt = b.clock.Now()
		}
	})
}

// captured seeds a captured mail through the store.
func (b *bench) captured(a arguments) {
	b.Helper()
	o, err := b.app.Admin.Organisation(context.Background(), a.named["org"])
	b.must(err)
	m := outbox.Captured{
		ID: "dlv_" + a.words[0], Org: o.ID, Test: a.named["mode"] == string(access.Test), To: a.named["to"], From: "verify@example.org",
		Subject: a.named["subject"], Text: a.named["text"], HTML: a.named["html"], CreatedAt: b.clock.Now(),
	}
	b.vars[a.words[0]+".id"] = m.ID
	b.must(b.app.Store.Keep(context.Background(), m))
}

// deliver sends what is due.
func (b *bench) deliver() {
	b.Helper()
	for {
		n, err := b.worker().Once(context.Background())
		b.must(err)
		if n == 0 {
			return
		}
	}
}

// mailsTo delivers what is due and returns the mails to an address, newest first.
func (b *bench) mailsTo(to string) []outbox.Captured {
	b.Helper()
	b.deliver()
	mails, err := b.app.Store.Mails(context.Background(), to, 1000)
	b.must(err)
	return mails
}
