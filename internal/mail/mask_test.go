package mail

import "testing"

// A relay's words are kept without the address that the mail was for, however it is written, and without what may be a secret of the mail.
func TestMask(t *testing.T) {
	t.Parallel()
	const code = "5bf0f7c6-8f0f-4f1e-9f5e-0d6b3a7d9c11"
	for _, c := range []struct{ to, words, want string }{
		{"jane.doe@example.com", "<jane.doe@example.com>: no such user", "<…>: no such user"},
		{"jane.doe@example.com", "JANE.DOE@EXAMPLE.COM is full; Jane.Doe is away", "… is full; … is away"},
		{"jane@example.com", "janet@example.com, example.com and Jane: unknown", "janet@example.com, example.com and …: unknown"},
		{"al@example.com", "also al@example.com, al", "also …, al"},
		{"jane@example.com", "policy: " + code + " and pass(word)", "policy: … and …"},
		{"", "250 2.0.0 queued as 4B1", "250 2.0.0 queued as 4B1"},
	} {
		m := newMask("your code is "+code, c.to, &login{password: "pass(word)"})
		if got := m.cover(c.words); got != c.want {
			t.Errorf("%s: got %q, want %q", c.to, got, c.want)
		}
	}
	if got := newMask("", "", nil).cover("one  two"); got != "one two" {
		t.Errorf("got %q, want what was said", got)
	}
}
