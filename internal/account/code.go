package account

import (
	"time"

	"avow/internal/access"
)

// MaxWrongCodes is how many wrong codes kill a live code (accounts-api.md 13.7).
const MaxWrongCodes = 20

// Code is a single-use code that is out with the account's holder. At most one is live for an account and purpose: a new one takes the place of the old.
type Code struct {
	ID        string // of the request that the code belongs to
	Hash      access.Hash
	Wrong     int // wrong codes tried against it
	Delivery  string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// live reports whether the code can still be used.
func (c *Code) live(now time.Time) bool {
	return c != nil && c.Wrong < MaxWrongCodes && now.Before(c.ExpiresAt)
}

// try compares a presented code. When it is wrong, next is the code with the try counted; nil when there was nothing to try against.
func (c *Code) try(presented access.Lookup, now time.Time) (right bool, next *Code) {
	if !c.live(now) {
		return false, nil
	}
	if presented.Holds(c.Hash) {
		return true, nil
	}
	counted := *c
	counted.Wrong++
	return false, &counted
}
