package config

import (
	"net/url"
	"strings"
)

// ai checks where questions are written. The URL is the operator's own, so it may be inside; in clear it may not leave the machine, for it carries the key.
func (c *checker) ai() {
	if c.given("AVOW_AI_URL") != c.given("AVOW_AI_MODEL") && !c.reported("AVOW_AI_URL") && !c.reported("AVOW_AI_MODEL") {
		c.add("AVOW_AI_URL", "AVOW_AI_URL and AVOW_AI_MODEL go together; set both or none")
	}
	if c.given("AVOW_AI_KEY") && !c.given("AVOW_AI_URL") && !c.reported("AVOW_AI_URL") {
		c.add("AVOW_AI_KEY", "of no use without AVOW_AI_URL; set that, or unset this")
	}
	if strings.ContainsFunc(c.cfg.AIKey.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) {
		c.add("AVOW_AI_KEY", "want printable ASCII without spaces")
	}
	if c.given("AVOW_AI_URL") {
		c.aiURL()
	}
}

func (c *checker) aiURL() {
	u, err := url.Parse(c.cfg.AIURL)
	if err != nil || !isWeb(u) || strings.ContainsAny(c.cfg.AIURL, "?#") || u.Scheme != "https" && !isLoopback(u.Hostname()) {
		c.add("AVOW_AI_URL", "want an absolute https URL without user, query and fragment, such as https://ai.example.org/v1 (http only to loopback)")
		return
	}
	c.cfg.AIURL = strings.TrimRight(c.cfg.AIURL, "/")
}
