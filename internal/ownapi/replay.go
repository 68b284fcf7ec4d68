package ownapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"avow/internal/limit"
	"avow/internal/outbox"
	"avow/internal/web"
)

// replays is what a replay of many takes of its key's budget, and the enabling of an endpoint, which may have a mail sent when it fails again.
func replays(r *http.Request) []limit.Draw {
	if shown := web.APIKey(r); shown != "" {
		return []limit.Draw{limit.Replay.Of(shown)}
	}
	return nil
}

// replayed is what came of one call.
type replayed struct {
	Replayed int `json:"replayed"`
	Skipped  int `json:"skipped"`
}

// replayOne is POST /deliveries/{id}/replay.
func (a api) replayOne(c call) (any, error) {
	due, err := a.o.Deliveries.ReplayOne(c.Context(), c.reader, c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return envelope{Success: true, Data: a.delivery(due), Message: "The delivery is due now"}, nil
}

// replay is POST /deliveries/replay.
func (a api) replay(c call) (any, error) {
	what, from, err := readSelection(c.Request)
	if err != nil {
		return nil, err
	}
	to, err := a.o.Deliveries.ReplaySome(c.Context(), c.reader, what, from)
	if err != nil {
		return nil, err
	}
	body := page{envelope: envelope{Success: true, Data: replayed{to.Replayed - from.Replayed, to.Skipped - from.Skipped}}}
	if !to.Done {
		body.NextCursor = cursorOf(to)
	}
	return body, nil
}

// enable is POST /webhooks/enable.
func (a api) enable(c call) (any, error) {
	body, err := web.ReadObject(c.Request, false)
	if err != nil {
		return nil, err
	}
	url, _, ok := body.String("url")
	if !ok || url == "" {
		return nil, errParameter.On("url").Saying("The url of the endpoint is required.")
	}
	if err := a.o.Deliveries.Enable(c.Context(), c.reader, outbox.Watched{URL: url}); err != nil {
		return nil, err
	}
	return envelope{Success: true, Data: struct {
		URL string `json:"url"`
	}{url}, Message: "The endpoint is called again"}, nil
}

// readSelection reads the body of a replay: since, until, failedOnly and the cursor of the call before.
func readSelection(r *http.Request) (what outbox.Selection, from outbox.Progress, err error) {
	body, err := web.ReadObject(r, false)
	if err != nil {
		return what, from, err
	}
	text := func(name string, read func(string) error) {
		given, present, ok := body.String(name)
		if err == nil && (!ok || present && read(given) != nil) {
			err = errParameter.On(name).Saying(wanted[name])
		}
	}
	text("since", instantTo(&what.Since))
	text("until", instantTo(&what.Until))
	text("cursor", func(given string) (err error) { from, err = readProgress(given); return err })
	if raw := body.Get("failedOnly"); err == nil && raw != nil && json.Unmarshal(raw, &what.FailedOnly) != nil {
		err = errParameter.On("failedOnly").Saying(wanted["failedOnly"])
	}
	if err == nil && what.Since.IsZero() {
		err = errParameter.On("since").Saying(wanted["since"])
	}
	return what, from, err
}

// wanted tells what a member must be.
var wanted = map[string]string{
	"since":      "The member since is required: an instant such as 2025-04-09T10:00:00Z.",
	"until":      "The member until must be an instant such as 2025-04-09T10:00:00Z.",
	"failedOnly": "The member failedOnly must be true or false.",
	"cursor":     "The cursor must be one that a replay has returned.",
}

func instantTo(t *time.Time) func(string) error {
	return func(text string) (err error) {
		*t, err = time.Parse(time.RFC3339, text)
		return err
	}
}

// cursorOf names how far a replay has come; the time at which it began keeps its end in place.
func cursorOf(p outbox.Progress) *string {
	plain := fmt.Sprintf("%d %d %d %s", p.Began.UnixMicro(), p.Replayed, p.Behind.Created.UnixMicro(), p.Behind.ID)
	text := base64.RawURLEncoding.EncodeToString([]byte(plain))
	return &text
}

// longestReplay bounds what a cursor may say has been replayed.
const longestReplay = 1 << 20

func readProgress(text string) (outbox.Progress, error) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return outbox.Progress{}, err
	}
	words := strings.SplitN(string(plain), " ", 4)
	if len(words) != 4 || words[3] == "" {
		return outbox.Progress{}, errParameter
	}
	var numbers [3]int64
	for i := range numbers {
		if numbers[i], err = strconv.ParseInt(words[i], 10, 64); err != nil || numbers[i] < 0 {
			return outbox.Progress{}, errParameter
		}
	}
	if numbers[1] > longestReplay {
		return outbox.Progress{}, errParameter
	}
	behind := outbox.Place{Created: time.UnixMicro(numbers[2]).UTC(), ID: words[3]}
	return outbox.Progress{Began: time.UnixMicro(numbers[0]).UTC(), Replayed: int(numbers[1]), Behind: behind}, nil
}
