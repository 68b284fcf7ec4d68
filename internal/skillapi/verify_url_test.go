package skillapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
)

const verifyURLPath = "/api/v1/step1/storeskills/verify-url"

// TestVerdicts walks the contract's table (skills-api.md 5.4), and what it leaves open.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	const unreachable = "Link is not reachable"
	for _, test := range []struct {
		statuses []int
		err      error
		message  string
	}{
		{[]int{200, 201, 204, 206, 299}, nil, "Link is publicly accessible"},
		{[]int{401}, nil, "Link requires login — not publicly accessible"},
		{[]int{403}, nil, "Link is restricted — not publicly accessible"},
		{[]int{404}, nil, "Link not found"},
		{[]int{410}, nil, "Link no longer exists"},
		{[]int{429}, nil, "Too many requests — try again later"},
		{[]int{500, 501, 502, 503, 504, 599}, nil, "Link server error"},
		{[]int{0}, context.DeadlineExceeded, "Link took too long to respond"},
		{[]int{0}, fmt.Errorf("dial: %w", context.DeadlineExceeded), "Link took too long to respond"},
		{[]int{0}, errors.New("connection refused"), unreachable},
		{[]int{0}, context.Canceled, unreachable},
		{[]int{101, 301, 302, 304, 307, 308, 400, 402, 405, 406, 416, 418, 451, 600}, nil, unreachable},
	} {
		for _, status := range test.statuses {
			f := &fake{status: status, probeErr: test.err}
			want := fmt.Sprintf(`{"success":true,"data":{"accessible":%t,"message":"%s"}}`, test.message == "Link is publicly accessible", test.message)
			if code, got := ask(t, f, http.MethodPost, verifyURLPath, `{"url":"https://a.example/?b&c"}`); code != http.StatusOK || got != want {
				t.Errorf("%d, %v: got %d %s, want 200 %s", status, test.err, code, got, want)
			}
			if f.asked != "https://a.example/?b&c" {
				t.Errorf("got %q probed, want the link as it was given", f.asked)
			}
		}
	}
}

// TestLinkIsTrimmed as proof URLs are.
func TestLinkIsTrimmed(t *testing.T) {
	t.Parallel()
	f := &fake{status: 200}
	if ask(t, f, http.MethodPost, verifyURLPath, `{"url":" https://a.example/ \n"}`); f.asked != "https://a.example/" {
		t.Errorf("got %q probed, want it without blanks", f.asked)
	}
}

// TestNothingIsProbedWithoutALink, and errors have this endpoint's shape.
func TestNothingIsProbedWithoutALink(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{}`:             `{"success":false,"message":"The member url is required."}`,
		`{"url":"  "}`:   `{"success":false,"message":"The member url is required."}`,
		`{"url":{}}`:     `{"success":false,"message":"The member url is required."}`,
		`{"url":"http:/`: `{"success":false,"message":"The body could not be parsed as a JSON object."}`,
	} {
		f := &fake{}
		if code, got := ask(t, f, http.MethodPost, verifyURLPath, body, "X-Api-Key", "nonsense"); code != http.StatusBadRequest || got != want || f.asked != "" {
			t.Errorf("%s: got %d %s, %q probed, want 400 %s and nothing probed", body, code, got, f.asked, want)
		}
	}
}
