// Package session holds the session that the limits read: about 4 KB of JSON.
package session

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Session is what a request of the second centre call has to read.
type Session struct {
	ID        string         `json:"id"`
	Subject   Subject        `json:"subject"`
	Flow      []Step         `json:"flow"`
	Documents []Document     `json:"documents"`
	Meta      map[string]any `json:"meta"`
	CreatedAt time.Time      `json:"created_at"`
}

// Subject is whom a session is about.
type Subject struct {
	UserID int64             `json:"user_id"`
	Email  string            `json:"email"`
	Name   string            `json:"name"`
	Attrs  map[string]string `json:"attrs"`
}

// Step is a step that a session went through.
type Step struct {
	Name     string    `json:"name"`
	Status   string    `json:"status"`
	At       time.Time `json:"at"`
	Attempts int       `json:"attempts"`
}

// Document is an item of a session.
type Document struct {
	Key    string            `json:"key"`
	Type   string            `json:"type"`
	Score  float64           `json:"score"`
	Fields map[string]string `json:"fields"`
}

// Make returns the session of a number.
func Make(n int) ([]byte, error) {
	s := Session{
		ID: fmt.Sprintf("session-%08d", n), CreatedAt: time.Unix(1790000000, 0).UTC(),
		Subject: Subject{
			UserID: int64(n), Email: fmt.Sprintf("user%d@example.test", n), Name: "Ada Example",
			Attrs: map[string]string{"country": "NL", "locale": "nl-NL", "tier": "standard", "channel": "web"},
		},
		Meta: map[string]any{"ip": "203.0.113.7", "retries": 2, "flags": []any{"a", "b", true}, "agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"},
	}
	for i := range 8 {
		s.Flow = append(s.Flow, Step{fmt.Sprintf("step-%d", i), "done", s.CreatedAt.Add(time.Duration(i) * time.Minute), i})
	}
	for i := range 14 {
		s.Documents = append(s.Documents, Document{fmt.Sprintf("item-%d", i), "passport", 0.87 + float64(i)/1000, map[string]string{
			"number": "X1234567" + strconv.Itoa(i), "issued": "2021-04-03", "expires": "2031-04-03",
			"issuer": "Gemeente Voorbeeld", "holder": "Ada Example", "place": "Voorbeeldstad, Nederland",
		}})
	}
	return json.Marshal(s)
}
