package app_test

import (
	"context"
	"strconv"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/outbox"
)

// webhook puts a webhook into the queue, by a change of an account that the organisation gets for it.
func (b *bench) seedWebhook(a arguments) {
	b.Helper()
	ctx := context.Background()
	o, err := b.app.Admin.Organisation(ctx, a.named["org"])
	b.must(err)
	made, err := b.app.Accounts.Create(ctx, account.NewAccount{Org: o.ID, Email: a.words[0] + "@webhook.example"})
	b.must(err)
	b.vars["account of "+a.words[0]] = made.ID
	now := b.clock.Now()
	d := outbox.Delivery{
		ID: a.words[0], Org: o.ID, Test: a.named["mode"] == string(access.Test), Kind: outbox.Webhook, Target: a.named["url"], Payload: []byte(`{}`), Due: now, Created: now,
	}
	b.must(b.app.Store.Change(ctx, account.KeyOfID(made.ID), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Mails: []account.Mail{d}}, nil
	}))
}

// seedSent puts a live mail into the queue and has a relay take it.
func (b *bench) seedSent(a arguments) {
	b.Helper()
	ctx, now := context.Background(), b.clock.Now()
	o, err := b.app.Admin.Organisation(ctx, a.named["org"])
	b.must(err)
	made, err := b.app.Accounts.Create(ctx, account.NewAccount{Org: o.ID, Email: a.words[0] + "@sent.example"})
	b.must(err)
	d := outbox.NewMail(a.words[0], o.ID, a.named["to"], account.ConfirmationTemplate, map[string]string{}, now)
	d.About, d.Test = a.named["about"], a.named["mode"] == string(access.Test)
	b.must(b.app.Store.Change(ctx, account.KeyOfID(made.ID), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Mails: []account.Mail{d}}, nil
	}))
	claimed, err := b.app.Store.Claim(ctx, outbox.Claim{Kind: outbox.Mail, Now: now, Until: now.Add(outbox.Lease), Limit: 1})
	b.must(err)
	if len(claimed) != 1 || claimed[0].ID != d.ID {
		b.Fatalf("got %+v claimed, want %s", claimed, d.ID)
	}
	b.must(b.app.Store.Settle(ctx, claimed[0], outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 250, Relay: "relay.example", At: now}))
}

// cancel takes a webhook out of the queue.
func (b *bench) cancel(a arguments) {
	b.Helper()
	b.must(b.app.Store.Change(context.Background(), account.KeyOfID(b.vars["account of "+a.words[0]]), func(s account.State) (account.Next, error) {
		changed := *s.Account
		changed.UpdatedAt = b.clock.Now()
		return account.Next{Account: &changed, Unsend: []string{a.words[0]}}, nil
	}))
}

// attempt has a webhook that is due be claimed now, and the attempt come to what the line says; begun: to nothing.
func (b *bench) attempt(a arguments) {
	b.Helper()
	ctx, now := context.Background(), b.clock.Now()
	v, err := b.app.Store.DeliveryByID(ctx, outbox.Reader{Operator: true}, a.words[0])
	b.must(err)
	lane := outbox.Lane(outbox.Webhook, v.Records[0].Target)
	claimed, err := b.app.Store.Claim(ctx, outbox.Claim{Kind: outbox.Webhook, Now: now, Until: now.Add(outbox.Lease), Limit: 1, After: lane[:len(lane)-1]})
	b.must(err)
	if len(claimed) != 1 || claimed[0].ID != a.words[0] {
		b.Fatalf("got %+v claimed, want %s", claimed, a.words[0])
	}
	results := map[string]outbox.Result{
		"delivered": {State: outbox.Delivered, Outcome: outbox.Succeeded},
		"failed":    {State: outbox.Queued, Outcome: outbox.Refused},
		"unknown":   {State: outbox.Queued, Outcome: outbox.Unknown},
		"refused":   {State: outbox.Failed, Outcome: outbox.Refused},
		"gone": {
			State: outbox.Failed, Outcome: outbox.Refused, Endpoint: &outbox.Change{Next: outbox.Endpoint{Since: now, Off: now, Reason: outbox.OffGone}},
		},
	}
	r, ended := results[a.words[1]]
	if !ended {
		return
	}
	r.Code, _ = strconv.Atoi(a.named["code"])
	r.Answer, r.Took, r.Due, r.At = a.named["answer"], b.duration(a.named["took"]), now.Add(b.duration(a.named["wait"])), now
	b.must(b.app.Store.Settle(ctx, claimed[0], r))
}

// duration reads one; none is 0.
func (b *bench) duration(text string) time.Duration {
	b.Helper()
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	b.must(err)
	return d
}
