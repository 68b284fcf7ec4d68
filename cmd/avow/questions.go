package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"avow/internal/app"
	"avow/internal/assess"
)

type questionsCommand struct {
	Import questionsImport `cmd:"" help:"Bring files of questions into the bank. A file with the id of a skill that is there takes its place. All of it or, where lint finds anything, nothing."`
	List   questionsList   `cmd:"" help:"List the skills that papers are drawn from, built-in and imported."`
	Remove questionsRemove `cmd:"" help:"Forget the imported questions of a skill; a built-in skill that they had replaced is back."`
	Lint   questionsLint   `cmd:"" help:"Check files of questions: keys, repeats, leaked answers, lengths, habits. Findings are told as FILE:LINE, and the exit code is 1."`
	Stats  questionsStats  `cmd:"" help:"Count questions by skill and difficulty, and tell how likely blind guessing passes."`
}

type questionsLint struct {
	Files []string `arg:"" optional:"" help:"Files of questions (docs/assessments.md has their form); none: the bank that avow brings along." type:"path"`
}

var errFindings = errors.New("the questions have findings")

// Run checks files of questions.
func (c questionsLint) Run(s *session) error {
	skills, findings, err := readQuestions(c.Files)
	if err != nil {
		return err
	}
	if err := s.findings(append(findings, assess.Lint(skills)...)); err != nil {
		return err
	}
	return s.done(fmt.Sprintf("%d skills, %d questions, no findings", len(skills), countQuestions(skills)))
}

// tell shows one thing: a line of text to people, a line of JSON to scripts.
func (s *session) tell(text string, v any) error {
	if s.json {
		return s.print(v)
	}
	_, err := fmt.Fprintln(s.env.out, text)
	return err
}

func countQuestions(skills []assess.Skill) (n int) {
	for _, s := range skills {
		n += len(s.Questions)
	}
	return n
}

// readQuestions parses the files, or takes the built-in bank where there are none.
func readQuestions(files []string) ([]assess.Skill, []assess.Finding, error) {
	if len(files) == 0 {
		bank, findings := assess.LoadBuiltin()
		return bank.Skills, findings, nil
	}
	var skills []assess.Skill
	var findings []assess.Finding
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		skill, found := assess.Parse(name, string(text))
		skills, findings = append(skills, skill), append(findings, found...)
	}
	return skills, findings, nil
}

type questionsStats struct {
	Files     []string `arg:"" optional:"" help:"Files of questions; none: what papers are drawn from, without a database the bank that avow brings along." type:"path"`
	Questions int      `default:"10" help:"Questions of an assessment, for the guess probability."`
	PassMark  int      `default:"60" help:"Per cent of right answers that pass, for the guess probability."`
}

// Validate refuses figures that no assessment can have.
func (c questionsStats) Validate() error {
	if c.Questions < 1 || c.PassMark < 1 || c.PassMark > 100 {
		return errors.New("--questions takes a number from 1 on, --pass-mark one from 1 to 100")
	}
	return nil
}

type statsLine struct {
	Skill     string         `json:"skill"`
	Name      string         `json:"name"`
	Questions int            `json:"questions"`
	Easy      int            `json:"easy"`
	Medium    int            `json:"medium"`
	Hard      int            `json:"hard"`
	Topics    map[string]int `json:"topics"`
	Places    [4]int         `json:"key_places"`
	Longest   int            `json:"key_longest"`
	Guess     float64        `json:"guess_probability"`
	Source    string         `json:"source,omitempty"` // empty: a file
}

// Run counts questions.
func (c questionsStats) Run(s *session) error {
	skills, err := c.skills(s)
	if err != nil {
		return err
	}
	var lines []statsLine
	for _, skill := range skills {
		lines = append(lines, c.line(skill))
	}
	if s.json {
		return list(s, lines)
	}
	return c.table(s, lines)
}

// skills are those of the files, or those that papers are drawn from. Where nothing is set up yet, that is the built-in bank.
func (c questionsStats) skills(s *session) (skills []assess.Skill, err error) {
	if len(c.Files) > 0 {
		skills, _, err = readQuestions(c.Files)
		return skills, err
	}
	err = s.with(func(a *app.App) error {
		bank, err := a.Questions.Bank(s.ctx)
		skills = bank.Skills
		return err
	})
	if errors.Is(err, app.ErrNoKey) {
		return assess.Builtin().Skills, nil
	}
	return skills, err
}

// line counts one skill. Its guess probability is that of an assessment of this skill alone, which has no more questions than the file.
func (c questionsStats) line(skill assess.Skill) statsLine {
	keys, n := assess.CountKeys(skill.Questions), len(skill.Questions)
	l := statsLine{Skill: skill.ID, Name: skill.Name, Questions: n, Topics: map[string]int{}, Places: keys.Places, Longest: keys.Longest}
	count := map[assess.Difficulty]int{}
	for _, q := range skill.Questions {
		count[q.Difficulty]++
		l.Topics[q.Topic]++
	}
	l.Easy, l.Medium, l.Hard = count[assess.Easy], count[assess.Medium], count[assess.Hard]
	l.Guess = assess.GuessProbability(min(n, c.Questions), c.PassMark)
	if len(c.Files) == 0 {
		l.Source = sourceOf(skill)
	}
	return l
}

func (c questionsStats) table(s *session, lines []statsLine) error {
	table := tabwriter.NewWriter(s.env.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "skill\tquestions\teasy\tmedium\thard\tguess\tsource\ttopics")
	for _, l := range lines {
		topics := strings.Join(slices.Sorted(maps.Keys(l.Topics)), ", ")
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%.4f %%\t%s\t%s\n", l.Skill, l.Questions, l.Easy, l.Medium, l.Hard, 100*l.Guess, cmp.Or(l.Source, "file"), topics)
	}
	return table.Flush()
}
