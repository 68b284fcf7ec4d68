package skillapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// Prober looks whether a link answers. It never reaches into a private network, whoever asks.
type Prober interface {
	// Probe returns the status of a link behind at most five redirects. An error: there was no answer; context.DeadlineExceeded in its chain: not within five seconds.
	Probe(ctx context.Context, link string) (status int, err error)
}

type probed struct {
	Accessible bool   `json:"accessible"`
	Message    string `json:"message"`
}

// verdicts are the contract's words for what a link answers (skills-api.md 5.4). The words for whole classes, and for everything else, stand in verdictOn.
var verdicts = map[int]string{
	http.StatusUnauthorized:    "Link requires login — not publicly accessible",
	http.StatusForbidden:       "Link is restricted — not publicly accessible",
	http.StatusNotFound:        "Link not found",
	http.StatusGone:            "Link no longer exists",
	http.StatusTooManyRequests: "Too many requests — try again later",
}

// verifyURL is POST /step1/storeskills/verify-url (skills-api.md 5.4).
func (a api) verifyURL(c call) (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	link := text(body, "url")
	if link == "" {
		return answer{}, errNoURL
	}
	status, err := a.prober.Probe(c.Context(), strings.TrimSpace(link))
	return answer{status: http.StatusOK, data: verdictOn(status, err)}, nil
}

func verdictOn(status int, err error) probed {
	known, ok := verdicts[status]
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return probed{Message: "Link took too long to respond"}
	case err != nil:
	case status/100 == 2:
		return probed{Accessible: true, Message: "Link is publicly accessible"}
	case status/100 == 5:
		return probed{Message: "Link server error"}
	case ok:
		return probed{Message: known}
	}
	return probed{Message: "Link is not reachable"}
}
