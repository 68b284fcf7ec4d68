package limit

import (
	"strings"
	"time"
)

// The policies: the one place where their figures stand (accounts-api.md 13.12, skills-api.md 11). docs/limits.md shows this table; a test compares the two.
var (
	MailHour = &Policy{Name: "mail-hour", Quota: 5, Window: time.Hour, Sends: true, Subject: "mail address", Counts: "mails, whoever asks for them"}
	MailDay  = &Policy{Name: "mail-day", Quota: 20, Window: 24 * time.Hour, Sends: true, Subject: "mail address", Counts: "mails, whoever asks for them"}

	Account      = &Policy{Name: "account", Quota: 10, Window: time.Hour, Sends: true, Subject: "account", Counts: "calls that send mail"}
	Organisation = &Policy{Name: "organisation", Quota: 12000, Window: time.Minute, Sends: true, Subject: "organisation", Counts: "calls that send mail"}
	Client       = &Policy{Name: "client", Quota: 6000, Window: time.Minute, Sends: true, Subject: "OAuth client", Counts: "calls that send mail"}

	Login        = &Policy{Name: "login", Quota: 10, Window: 15 * time.Minute, Subject: "user name", Counts: "wrong passwords"}
	LoginNetwork = &Policy{Name: "login-network", Quota: 10, Window: 15 * time.Minute, Subject: "network", Counts: "failed grants `password`"}
	TokenNetwork = &Policy{Name: "token-network", Quota: 10, Window: 15 * time.Minute, Subject: "network", Counts: "other failed grants"}

	APIKey    = &Policy{Name: "key", Quota: 6000, Window: time.Minute, Subject: "API key", Counts: "calls of the skill API with a key"}
	Network   = &Policy{Name: "network", Quota: 6000, Window: time.Minute, Subject: "network", Counts: "calls of the skill API without a key, answers on hosted pages"}
	VerifyURL = &Policy{Name: "verify-url", Quota: 60, Window: time.Minute, Subject: "network", Counts: "probes of links"}

	Replay = &Policy{Name: "replay", Quota: 60, Window: time.Hour, Subject: "API key", Counts: "replays of many webhooks, and endpoints enabled"}

	Catalogue         = &Policy{Name: "catalogue", Quota: 100, Window: 15 * time.Minute, Subject: "network", Counts: "calls of the skill catalogue"}
	CatalogueScraping = &Policy{Name: "catalogue-scraping", Quota: 30, Window: 5 * time.Minute, Subject: "network", Counts: "calls of the skill catalogue"}
	CatalogueSearch   = &Policy{Name: "catalogue-search", Quota: 15, Window: time.Minute, Subject: "network", Counts: "searches of the skill catalogue"}
)

// Policies lists all of them in the order of the docs.
var Policies = []*Policy{
	MailHour, MailDay, Account, Organisation, Client, Login, LoginNetwork, TokenNetwork, APIKey, Network, VerifyURL, Replay, Catalogue, CatalogueScraping, CatalogueSearch,
}

// MailTo is what a mail to an address costs, however the address is written.
func MailTo(address string) []Draw {
	address = strings.ToLower(strings.TrimSpace(address))
	return []Draw{MailHour.Of(address), MailDay.Of(address)}
}
