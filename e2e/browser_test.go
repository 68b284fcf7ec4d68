//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// browsers are the names of a Chromium on different systems.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"}

// tab is a page of a headless browser that notes everything it has to complain about.
type tab struct {
	ctx  context.Context
	base string

	mu         sync.Mutex
	complaints []string
}

// openTab starts a browser. Nothing it does may lead to an address that does not begin with base.
func openTab(t *testing.T, base string) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(findBrowser(t)))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // root has no sandbox; what is opened here is our own
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{ctx: ctx, base: base}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	if _, err := chromedp.Call(ctx, audits.Enable, cdp.Empty{}); err != nil { // the other domains are on from the start
		t.Fatalf("watch for violated policies: %v", err)
	}
	return b
}

func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("got no browser, want one of %s on the PATH: scripts/setup.sh installs chromium", strings.Join(browsers, ", "))
	return ""
}

// listen notes console messages, exceptions, violated policies, failed loads and requests to elsewhere.
func (b *tab) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		b.complain("console %s: %v", e.Type, e.Args)
	case *runtime.EventExceptionThrown:
		b.complain("exception: %s", e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.complain("%s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *audits.EventIssueAdded:
		b.complain("issue: %s", e.Issue.Code)
	case *network.EventLoadingFailed:
		b.complain("load failed: %s %s", e.ErrorText, e.BlockedReason)
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, b.base+"/") {
			b.complain("request to %s", e.Request.URL)
		}
	}
}

func (b *tab) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, fmt.Sprintf(format, args...))
}

// do carries out actions in the browser.
func (b *tab) do(t *testing.T, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		t.Fatalf("%s: %v; the browser says %v", what, err, b.said())
	}
}

// read carries out an action that returns something.
func read[T any](t *testing.T, b *tab, what string, action chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(b.ctx, action)
	if err != nil {
		t.Fatalf("read %s: %v; the browser says %v", what, err, b.said())
	}
	return v
}

func (b *tab) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.complaints)
}

// open loads an address and returns the title of its page.
func (b *tab) open(t *testing.T, address string) (title string) {
	t.Helper()
	b.do(t, "open "+address, chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("h1")))
	return read(t, b, "title", chromedp.Title())
}

// text is what a reader sees of an element.
func (b *tab) text(t *testing.T, selector string) string {
	t.Helper()
	return strings.TrimSpace(read(t, b, selector, chromedp.Text(chromedp.CSS(selector), chromedp.NodeVisible)))
}

// press clicks the one button of a page and waits for the page behind it.
func (b *tab) press(t *testing.T, button string) {
	t.Helper()
	buttons := read(t, b, "buttons", chromedp.Evaluate[[]string](`[...document.querySelectorAll("button, input[type=submit], [role=button]")].map(b => b.innerText)`))
	want(t, "buttons of the page", buttons, []string{button})
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS("button"), chromedp.NodeVisible)); err != nil {
		t.Fatalf("press %q: %v; the browser says %v", button, err, b.said())
	}
	b.do(t, "wait for the page behind the button", chromedp.WaitVisible(chromedp.CSS("h1")))
}

// quiet fails for every complaint; those that hold one of the given texts are expected.
func (b *tab) quiet(t *testing.T, expected ...string) {
	t.Helper()
	for _, complaint := range b.said() {
		if !slices.ContainsFunc(expected, func(text string) bool { return strings.Contains(complaint, text) }) {
			t.Errorf("the browser complains: got %s, want nothing", complaint)
		}
	}
}

// confirmationLink has a request made for the demo account and takes the link out of its mail.
func confirmationLink(t *testing.T, p *program) (link string, m mail, requestID string) {
	t.Helper()
	made := mustDecode[created](t, must(t, createCall(p.ready.URL, p.ready.Demo.AccessToken, ""), http.StatusCreated).body)
	mails, err := newestMail(p.ready.URL, p.ready.Demo.AccountEmail, p.ready.URL+"/confirm?id="+p.ready.Demo.AccountID)
	if err != nil {
		t.Fatal(err)
	}
	return mails[0].link(), mails[0], made.ID
}

func TestConfirmationPageInABrowser(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	link, _, request := confirmationLink(t, p)
	b := openTab(t, p.ready.URL)
	for range 2 { // mail scanners open links, too, and more than once
		want(t, "title", b.open(t, link), "Confirm your e-mail address")
		want(t, "heading", b.text(t, "h1"), "Is this your e-mail address?")
		s, err := standingOf(p.ready.URL, p.ready.Demo.AccessToken)
		if err != nil || s.Item.Status != "pending" || s.Item.ID != request {
			t.Fatalf("after the page was opened: got %+v, %v, want request %s pending", s.Item, err, request)
		}
	}
	b.styled(t)
	b.press(t, "Confirm my e-mail address")
	want(t, "heading after the click", b.text(t, "h1"), "Your e-mail address is confirmed")
	s, err := standingOf(p.ready.URL, p.ready.Demo.AccessToken)
	if err != nil || s.Item.Status != "verified" || !s.Item.Verified {
		t.Errorf("after the click: got %+v, %v, want the account verified", s.Item, err)
	}
	b.quiet(t)

	b.open(t, link)
	b.press(t, "Confirm my e-mail address")
	want(t, "heading after the second click", b.text(t, "h1"), "This link does not work any more")
	b.quiet(t, "409 (Conflict)") // the browser notes the status of the page itself
}

// styled fails unless the page's own style sheet is in force.
func (b *tab) styled(t *testing.T) {
	t.Helper()
	rules := read(t, b, "style sheet", chromedp.Evaluate[int](`[...document.styleSheets].reduce((n, s) => n + s.cssRules.length, 0)`))
	if rules < 10 {
		t.Errorf("got %d rules of style, want those of the style sheet", rules)
	}
}

func TestDevMailsInABrowser(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	b := openTab(t, p.ready.URL)
	b.open(t, p.ready.Demo.MailsURL)
	if got := b.text(t, "main"); !strings.Contains(got, "No mail yet") {
		t.Errorf("list without mails: got %q, want it to say so", got)
	}
	link, m, _ := confirmationLink(t, p)
	b.open(t, p.ready.Demo.MailsURL)
	row := b.text(t, "ul.rows li")
	for _, part := range []string{m.Subject, p.ready.Demo.AccountEmail} {
		if !strings.Contains(row, part) {
			t.Errorf("list of mails: got %q, want it to hold %q", row, part)
		}
	}
	b.styled(t)
	b.do(t, "open the mail", chromedp.Click(chromedp.CSS("ul.rows li a")), chromedp.WaitVisible(chromedp.CSS("pre a")))
	want(t, "heading of the mail", b.text(t, "h1"), m.Subject)
	want(t, "link in the text", b.text(t, "pre a"), link)
	want(t, "link to copy", b.text(t, ".copies .copyable"), link)
	want(t, "button of the script", b.text(t, ".copies button.copy"), "Copy")
	address := p.ready.Demo.MailsURL + "/" + m.ID + "/html"
	inFrame := b.frame(t, address)
	inFrame.showsHTMLPart(t, link)
	inFrame.quiet(t)
	b.do(t, "open the HTML part alone", chromedp.Navigate(address))
	b.showsHTMLPart(t, link)
	b.quiet(t)
}

// frame goes into a frame of the page. One that may not have our origin is a world of its own to the browser.
func (b *tab) frame(t *testing.T, address string) *tab {
	t.Helper()
	var id target.ID
	eventually(t, "the frame of "+address, func() error {
		all, err := chromedp.Targets(b.ctx)
		i := slices.IndexFunc(all, func(info *target.Info) bool { return info.Type == "iframe" && info.URL == address })
		if i < 0 {
			return fmt.Errorf("got %d targets, %v, want it among them", len(all), err)
		}
		id = all[i].TargetID
		return nil
	})
	inside := &tab{base: b.base}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id), chromedp.WithListener(inside.listen), chromedp.WithDetachOnCancel())
	t.Cleanup(cancel)
	inside.ctx = ctx
	return inside
}

// showsHTMLPart looks at the HTML part, in its frame or alone, where it stands for what a mail program shows.
func (b *tab) showsHTMLPart(t *testing.T, link string) {
	t.Helper()
	b.do(t, "wait for the HTML part", chromedp.WaitVisible(chromedp.CSS("a")))
	want(t, "target of the link in the HTML part", read(t, b, "link", chromedp.AttributeValue(chromedp.CSS("a"), "href")).Value, link)
	if text := b.text(t, "body"); !strings.Contains(text, "e-mail address") {
		t.Errorf("HTML part: got %q, want what the mail says", text)
	}
}
