// Package code holds the rules of single-use codes, whatever they are good for: made, superseded, tried, used, expired, exhausted, withdrawn.
//
// For a holder and a purpose there is at most one code, which is what the store's key says, too. Every step takes that one code and returns what becomes of it.
package code

import (
	"time"

	"avow/internal/access"
)

// MaxWrong is how many wrong codes kill a live code (accounts-api.md 13.7).
const MaxWrong = 20

// Code is a single-use code that is out with its holder. Only its hash is kept.
type Code struct {
	ID        string // of the request that the code belongs to
	Hash      access.Hash
	About     string // what it is good for beside its purpose, such as a new address; empty: nothing
	Wrong     int    // wrong codes tried against it
	Delivery  string // that brings it to the holder; empty: it was told in an answer
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Change is what a step makes of the one code of a holder and purpose. The zero value leaves it as it is.
type Change struct {
	Code   *Code    // the code from now on
	Gone   bool     // there is none from now on
	Unsend []string // deliveries to cancel if they are still waiting: nobody needs what they bring
}

// Live reports whether the code can still be used.
func (c *Code) Live(now time.Time) bool {
	return c != nil && c.Wrong < MaxWrong && now.Before(c.ExpiresAt)
}

// Issue puts a fresh code in the place of the old one, which is dead from then on (accounts-api.md 13.6). A dead one's delivery may still wait, too.
func Issue(old *Code, fresh Code) Change {
	return Change{Code: &fresh, Unsend: deliveryOf(old)}
}

// Try compares a presented code with the live one. The right one is used up by that; a wrong one is counted. Where nothing is live there is nothing to try against.
func Try(c *Code, presented access.Lookup, now time.Time) (right bool, change Change) {
	if !c.Live(now) {
		return false, Change{}
	}
	if presented.Holds(c.Hash) {
		return true, Withdraw(c)
	}
	counted := *c
	counted.Wrong++
	return false, Change{Code: &counted}
}

// Withdraw takes a code back.
func Withdraw(c *Code) Change {
	if c == nil {
		return Change{}
	}
	return Change{Gone: true, Unsend: deliveryOf(c)}
}

func deliveryOf(c *Code) []string {
	if c == nil || c.Delivery == "" {
		return nil
	}
	return []string{c.Delivery}
}
