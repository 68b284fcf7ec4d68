package skill

import (
	"slices"
	"strings"
	"time"
)

// Signal is something odd about a review: worth a look, never a verdict (18.15).
type Signal struct{ Code, Meaning string }

// The signals, each with what it means in one sentence.
var (
	freeMail    = Signal{"free_mail", "The reviewer's address is at a provider where anybody gets an address, so it does not show whom the reviewer works for."}
	sameDomain  = Signal{"same_domain", "The reviewer's address is in the student's own domain, so whoever runs that domain could have answered."}
	quickAnswer = Signal{"quick_answer", "The answer came within a minute of the mail, which is little time to look at proofs."}
)

// quick is how soon an answer is surprising.
const quick = time.Minute

// freeProviders are domains where anybody gets an address. The list needs not be whole: it only makes a signal.
var freeProviders = strings.Fields(`gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com aol.com icloud.com me.com mac.com proton.me
protonmail.com pm.me gmx.com gmx.net gmx.de web.de mail.com mail.ru yandex.ru yandex.com qq.com 163.com 126.com zoho.com fastmail.com tutanota.com tuta.io hey.com
rediffmail.com orange.fr free.fr libero.it seznam.cz wp.pl o2.pl hotmail.se live.se yahoo.co.uk yahoo.co.in hotmail.co.uk mailinator.com guerrillamail.com`)

// signals looks at a review in the moment of its answer. Two strangers at one free provider have nothing in common.
func (s State) signals(now time.Time) []Signal {
	var found []Signal
	reviewer, student := domainOf(mailbox(s.Reviewer.Email)), domainOf(mailbox(s.User.Email))
	switch {
	case slices.Contains(freeProviders, reviewer):
		found = append(found, freeMail)
	case reviewer == student:
		found = append(found, sameDomain)
	}
	if now.Sub(s.Review.SentAt) < quick {
		found = append(found, quickAnswer)
	}
	return found
}
