package app_test

import (
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
)

const uuidForm = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`

// kinds are the variable parts of an answer (contract/README.md).
var kinds = map[string]string{
	"hex24":    `[0-9a-f]{24}`,
	"uuid":     uuidForm,
	"pwid":     `pw-api-` + uuidForm,
	"ver_live": `ver_live_[0-9A-Za-z]{22}`,
	"ver_test": `ver_test_[0-9A-Za-z]{22}`,
	"usr_live": `usr_live_[0-9A-Za-z]{22}`,
	"usr_test": `usr_test_[0-9A-Za-z]{22}`,
	"evt":      `evt_[0-9A-Za-z]{22}`,
	"whe":      `whe_[0-9A-Za-z]{22}`,
	"whsec":    `whsec_[0-9A-Za-z+/]{40,}={0,2}`,
	"digest":   `sha256:[0-9a-f]{64}`,
	"key":      `key_[0-9A-Za-z]{22}`,
	"org":      `org_[0-9A-Za-z]{22}`,
	"text":     `(?:[^"\\]|\\.)+`,
	"token":    `[0-9A-Za-z_.-]{20,}`,
	"ms":       `[0-9]+ms`,
	"int":      `[0-9]+`,
	"utc":      `[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC`,
	"iso":      `[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z`,
}

var placeholder = regexp.MustCompile(`<([a-z0-9_.]+)(?::([^<>]+))?>`)

// fill replaces the placeholders of what is sent.
func (b *bench) fill(text string) string {
	b.Helper()
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		m := placeholder.FindStringSubmatch(p)
		name, argument := m[1], m[2]
		switch name {
		case "repeat":
			what, count, _ := cutLast(argument, ":")
			n, err := strconv.Atoi(count)
			b.must(err)
			return strings.Repeat(what, n)
		case "byte":
			raw, err := hex.DecodeString(argument)
			b.must(err)
			return string(raw)
		}
		value, ok := b.vars[name]
		if !ok || argument != "" {
			b.Fatalf("got placeholder %s, want a fixture or something captured", p)
		}
		return value
	})
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

// match compares a whole answer with its pattern and keeps what it captures.
func (b *bench) match(want, got string) {
	b.Helper()
	if !b.matches(want, got) {
		b.Fatalf("got  %s\nwant %s", got, want)
	}
}

func (b *bench) matches(want, got string) bool {
	b.Helper()
	pattern, names := b.pattern(want)
	found := regexp.MustCompile(`\A` + pattern + `\z`).FindStringSubmatch(got)
	if found == nil {
		return false
	}
	captured := map[string]string{}
	for i, name := range names {
		value := found[i+1]
		if known, ok := captured[name]; ok && known != value {
			return false
		}
		captured[name] = value
	}
	for name, value := range captured {
		b.vars[name] = value
	}
	return true
}

// pattern turns an expected text into an expression; names are those of its groups, in order.
func (b *bench) pattern(want string) (expression string, names []string) {
	b.Helper()
	var out strings.Builder
	rest := want
	for {
		at := placeholder.FindStringSubmatchIndex(rest)
		if at == nil {
			out.WriteString(regexp.QuoteMeta(rest))
			return out.String(), names
		}
		out.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		name, capture := rest[at[2]:at[3]], ""
		if at[4] >= 0 {
			capture = rest[at[4]:at[5]]
		}
		part, group := b.part(name, capture)
		out.WriteString(part)
		if group {
			names = append(names, capture)
		}
		rest = rest[at[1]:]
	}
}

// part is the expression of one placeholder; group is true when it captures.
func (b *bench) part(name, capture string) (expression string, group bool) {
	b.Helper()
	if name == "repeat" {
		return regexp.QuoteMeta(b.fill("<repeat:" + capture + ">")), false
	}
	if value, ok := b.vars[name]; ok && capture == "" {
		return regexp.QuoteMeta(value), false
	}
	kind, ok := kinds[name]
	if !ok {
		b.Fatalf("got placeholder <%s>, want a kind, a fixture or something captured", name)
	}
	if capture == "" {
		return kind, false
	}
	if value, bound := b.vars[capture]; bound {
		return regexp.QuoteMeta(value), false
	}
	return "(" + kind + ")", true
}
