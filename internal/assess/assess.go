// Package assess holds the rules of assessments: the question bank, what is drawn from it, how answers are scored, when an assessment is locked and when it may be retaken
// (skills-api.md 5.20 to 5.23, 6.3).
//
// Nothing here has a clock or chance of its own: a paper follows from its seed, a decision from the standing and the instant that it is given.
package assess

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Options is how many options a question has.
const Options = 4

// Difficulty says how much a question asks for.
type Difficulty string

// The difficulties, from what a beginner knows to what takes experience.
const (
	Easy   Difficulty = "easy"
	Medium Difficulty = "medium"
	Hard   Difficulty = "hard"
)

// Difficulties lists them in that order.
var Difficulties = []Difficulty{Easy, Medium, Hard}

// Question is one question as its author wrote it. Exactly one option is right.
type Question struct {
	Skill      string // the id of the bank's skill
	Topic      string
	Difficulty Difficulty
	Text       string // Markdown: code stands between back-ticks or in a fence
	Options    [Options]string
	Right      int // of Options
	Why        string
	Line       int // in its file, of the heading; 0: not from a file
}

// Key names a question for as long as its wording stays; options and explanation can be mended without making it another one.
type Key string

// keyBytes are enough that no two questions of a bank share a key by chance.
const keyBytes = 8

// Key returns the question's name: its skill, and a digest of its wording whatever the white space.
func (q Question) Key() Key {
	digest := sha256.Sum256([]byte(strings.Join(strings.Fields(q.Text), " ")))
	return Key(q.Skill + "/" + hex.EncodeToString(digest[:keyBytes]))
}

// Skill is a skill of the bank with its questions: one file.
type Skill struct {
	ID        string
	Name      string
	Aliases   []string
	File      string
	Imported  bool // by an operator; else it came with the program
	Questions []Question
}

// Wanted is a skill that an assessment is about, as the caller knows it.
type Wanted struct {
	ID   string
	Name string // empty: not known
}
