package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// addresses is how many addresses contract/verification_urls.txt has to hold at least.
const addresses = 60

// corpusAddress is a line of that file: what each server says of an address.
type corpusAddress struct {
	sent string // as a JSON string
	yes  [3]bool
}

var corpusLine = regexp.MustCompile(`^(yes|no) +(yes|no) +(yes|no) +(".*")$`)

func readCorpus(t *testing.T) []corpusAddress {
	t.Helper()
	text, err := os.ReadFile("../../contract/verification_urls.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []corpusAddress
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		found := corpusLine.FindStringSubmatch(line)
		if found == nil {
			t.Fatalf("got line %s, want three times yes or no and a JSON string", line)
		}
		all = append(all, corpusAddress{found[4], [3]bool{found[1] == "yes", found[2] == "yes", found[3] == "yes"}})
	}
	if len(all) < addresses {
		t.Fatalf("got %d addresses, want at least %d", len(all), addresses)
	}
	return all
}

// TestVerificationURLs sends every address of the corpus to three servers, for the own account and for one that is named, and follows the allowed ones into the mail.
// What is allowed depends on no engine.
func TestVerificationURLs(t *testing.T) {
	t.Parallel()
	all := readCorpus(t)
	for column, setup := range []string{"serve\n", "serve\nallow urls https://domain.tld/app/ https://other.example\n", ""} {
		t.Run(fmt.Sprintf("column %d", column+1), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, familyClocks["accounts"], engines["sqlite"](t))
			b.setup("limits off\n" + setup + accountSetup + "client sys org=acme scopes=\"/external/account/w\"\ntoken s client=sys\n")
			for _, address := range all {
				b.verificationURL(address.sent, address.yes[column])
			}
		})
	}
}

// verificationURL asks for a request with an address, as the holder and as a system.
func (b *bench) verificationURL(sent string, allowed bool) {
	b.Helper()
	for path, body := range map[string]string{
		"me":       `{"verification_url":` + sent + `}`,
		"accounts": `{"account_id":"` + b.vars["anna.id"] + `","verification_url":` + sent + `}`,
	} {
		token := map[string]string{"me": "t", "accounts": "s"}[path]
		b.send(b.post("/external/api/v1/"+path+"/create_verification_request", body, "Authorization", "Bearer "+b.vars[token]))
		fresh := b.freshMails("anna@example.com")
		for _, m := range fresh {
			b.seen[m.ID] = true
		}
		if !allowed {
			if b.answer.StatusCode != http.StatusBadRequest || !strings.HasPrefix(string(b.body), `{"code":"invalid_parameter","field":"verification_url",`) || len(fresh) != 0 {
				b.Errorf("%s, %s: got %d %s and %d mails, want 400 on verification_url and none", path, sent, b.answer.StatusCode, b.body, len(fresh))
			}
			continue
		}
		if b.answer.StatusCode != http.StatusCreated || len(fresh) != 1 {
			b.Errorf("%s, %s: got %d %s and %d mails, want 201 and one", path, sent, b.answer.StatusCode, b.body, len(fresh))
			continue
		}
		b.linkKeepsAddress(sent, fresh[0].Text)
	}
}

// linkKeepsAddress takes what was added out of the mailed link: what is left must be the address, to the byte, and what stands behind it its fragment.
func (b *bench) linkKeepsAddress(sent, text string) {
	b.Helper()
	var address string
	b.must(json.Unmarshal([]byte(sent), &address))
	added := regexp.MustCompile(`(?m)^(\S*)([?&])id=` + b.vars["anna.id"] + `&confirmation_code=` + uuidForm + `(#\S*)?$`).FindStringSubmatch(strings.ReplaceAll(text, "\r", ""))
	if added == nil {
		b.Errorf("%s: got mail text\n%s\nwant a line with id and code in the query", sent, text)
		return
	}
	front, joint, fragment := added[1], added[2], added[3]
	if address != front+fragment && address != front+joint+fragment {
		b.Errorf("%s: got %s…%s in the mail, want the address to the byte", sent, front, fragment)
	}
	if begun := strings.Contains(front, "?"); begun != (joint == "&") {
		b.Errorf("%s: got %s after %s, want one question mark before all", sent, joint, front)
	}
}
