package outbox

import (
	"cmp"
	"fmt"
	"net/url"
	"time"

	"avow/internal/access"
)

// EndpointDisabledTemplate is the mail that tells an organisation's contact that an endpoint is not called any more.
const EndpointDisabledTemplate = "endpoint_disabled"

// EndpointDisabled is the data of that template.
type EndpointDisabled struct {
	Language string `json:"language"` // such as sv or sv-SE; empty: English
	Brand    string `json:"brand"`
	URL      string `json:"url"`  // without its query, which may hold a token
	Mode     string `json:"mode"` // live or test
	Gone     bool   `json:"gone"` // it asked for it by a 410; else it has failed since
	Since    string `json:"since"`
	Disabled string `json:"disabled"`
}

// Notice makes the mail that an endpoint was disabled by an attempt. None: the organisation has named nobody who is to be told. Its id follows from the attempt's, so that
// one attempt tells once.
func Notice(o access.Organisation, d Delivery, r Result) (Delivery, bool) {
	to := o.Settings.Get(access.ContactEmail)
	if to == "" {
		return Delivery{}, false
	}
	data := EndpointDisabled{
		Language: o.Settings.Get(access.Language), Brand: cmp.Or(o.Settings.Get(access.BrandName), o.Name), URL: withoutQuery(d.Target), Mode: string(modeOf(d)),
		Gone: r.Endpoint.Next.Reason == OffGone, Since: r.Endpoint.Next.Since.UTC().Format(time.RFC3339), Disabled: r.Endpoint.Next.Off.UTC().Format(time.RFC3339),
	}
	m := NewMail(fmt.Sprintf("%s_off_%d", d.ID, d.Attempt), d.Org, to, EndpointDisabledTemplate, data, r.At)
	m.Test = d.Test
	return m, true
}

func modeOf(d Delivery) access.Mode {
	if d.Test {
		return access.Test
	}
	return access.Live
}

func withoutQuery(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return u.String()
}
