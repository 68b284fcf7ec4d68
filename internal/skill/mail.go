package skill

import "time"

// The names of the templates of this package's mails.
const (
	ReviewRequestTemplate = "review_request"
	ReviewAnswerTemplate  = "review_answer"
	EmailChangedTemplate  = "email_changed"
	EmailTakenTemplate    = "email_taken"

	AssessmentResultTemplate = "assessment_result"
)

// EmailNotice is the data of the mail templates "email_changed" and "email_taken".
type EmailNotice struct {
	Language string `json:"language"` // such as sv or sv-SE, as in all mails; empty: English
	Brand    string `json:"brand"`
	Email    string `json:"email"` // email_changed: the new address
}

// ReviewRequest is the data of the mail template "review_request", which goes to the reviewer.
type ReviewRequest struct {
	Language string   `json:"language"`
	Brand    string   `json:"brand"`
	Reviewer string   `json:"reviewer"`
	Student  string   `json:"student"`
	Source   string   `json:"source"` // what the skills stand on, in one line
	Skills   []string `json:"skills"`
	Link     string   `json:"link"`
	Expires  string   `json:"expires"` // RFC 3339, UTC
}

// ReviewAnswer is the data of the mail template "review_answer", which goes to the student.
type ReviewAnswer struct {
	Language  string   `json:"language"`
	Brand     string   `json:"brand"`
	Student   string   `json:"student"`
	Reviewer  string   `json:"reviewer"`
	Company   string   `json:"company"`
	Confirmed []string `json:"confirmed"`
	Others    []string `json:"others"`
	Declined  bool     `json:"declined"`
}

// AssessmentResult is the data of the mail template "assessment_result", which goes to the student.
type AssessmentResult struct {
	Language string   `json:"language"`
	Brand    string   `json:"brand"`
	Student  string   `json:"student"`
	Passed   bool     `json:"passed"`
	Score    int      `json:"score"` // per cent
	Correct  int      `json:"correct"`
	Total    int      `json:"total"`
	Skills   []string `json:"skills"`
}

// requestMail is for the reviewer's eyes only: the token in it is in no other place.
func (s State) requestMail(in SendInput) ReviewRequest {
	source := SourcesOf(s.Items)[0]
	line := source.Title
	if source.Subtitle != "" {
		line += ", " + source.Subtitle
	}
	return ReviewRequest{
		Language: s.Language, Brand: s.Brand, Reviewer: short(s.Reviewer.Name), Student: short(s.Verification.Name), Source: short(line), Skills: names(s.Skills),
		Link: in.link(s.Verification.ID, in.Token), Expires: in.ExpiresAt.UTC().Format(time.RFC3339),
	}
}

func (s State) answerMail(skills []Skill, declined bool) ReviewAnswer {
	mail := ReviewAnswer{
		Language: s.Language, Brand: s.Brand, Student: short(s.Verification.Name), Reviewer: short(s.Reviewer.Name), Company: short(s.Reviewer.Company), Declined: declined,
		Confirmed: []string{}, Others: []string{},
	}
	for _, k := range skills {
		if k.Status == Verified {
			mail.Confirmed = append(mail.Confirmed, k.shown())
		} else {
			mail.Others = append(mail.Others, k.shown())
		}
	}
	return mail
}

func (s State) resultMail(to Scored) AssessmentResult {
	t := to.Attempt
	return AssessmentResult{
		Language: s.Language, Brand: s.Brand, Student: short(s.Verification.Name), Passed: t.Passed, Score: t.Score, Correct: t.Correct, Total: t.Total,
		Skills: names(to.Skills),
	}
}

func names(skills []Skill) []string {
	all := make([]string, len(skills))
	for i, k := range skills {
		all[i] = k.shown()
	}
	return all
}

// shown is how people are told of a skill.
func (k Skill) shown() string {
	if k.Name == "" {
		return short(k.ID)
	}
	return short(k.Name)
}

// maxShown is how many characters of a caller's text a mail shows: no more than names need, and too few to write a letter of one's own into it.
const maxShown = 100

func short(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return text
}
