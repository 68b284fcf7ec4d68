package skill

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/fault"
)

func TestListsCopyOutWhatTheStepsNeed(t *testing.T) {
	t.Parallel()
	l := NewLists(
		[]byte(`[{"name":"E\u0000\u001b App","tags":["x"],"projectId":"p\u0000 1","description":"a\r\nb","startDate":"2023-01-01","endDate":"2023-06"}]`),
		[]byte(`[{"workExperienceId":"e1","role":"Dev","companyName":"N","description":null,"startDate":"2022-06-01T02:30:00+02:00","endDate":""}]`),
		[]byte(`[{"credentialId":"c1","name":"AWS","issuedOrganization":"Amazon","issueDate":"2024-02-29T08:09:10.123Z","":7}]`),
	)
	got, err := l.items()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	want := []Item{
		{Source: Source{Project, "p\uFFFD 1"}, Title: "E  App", Description: "a b", Start: day(2023, 1, 1), End: day(2023, 6, 1)},
		{Source: Source{Experience, "e1"}, Title: "Dev", Organisation: "N", Start: day(2022, 6, 1).Add(30 * time.Minute)},
		{Source: Source{Certificate, "c1"}, Title: "AWS", Organisation: "Amazon", Start: time.Date(2024, 2, 29, 8, 9, 10, 123e6, time.UTC)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("items: got (+), want (-):\n%s", d)
	}
}

func TestListsCheck(t *testing.T) {
	t.Parallel()
	const good = `{"projectId":"p","name":"n"}`
	tests := []struct {
		projects, experience, certificates string
		want                               error
		field                              string
	}{
		{`[` + good + `]`, ``, `null`, nil, ""},
		{``, ` null `, `[]`, ErrNoData, ""},
		{`{}`, ``, ``, ErrDataFormat, "projects"},
		{`[` + good + `]`, `"x"`, ``, ErrDataFormat, "experience"},
		{`[` + good + `]`, `[]`, `5`, ErrDataFormat, "certificates"},
		{`[` + good + `,null]`, ``, ``, ErrDataFormat, "projects[1]"},
		{`[["x"]]`, ``, ``, ErrDataFormat, "projects[0]"},
		{`[{"name":"n"}]`, ``, ``, ErrDataFormat, "projects[0].projectId"},
		{`[{"projectId":"p","Name":"n"}]`, ``, ``, ErrDataFormat, "projects[0].name"},
		{`[{"projectId":"p","name":" \u0000"}]`, ``, ``, ErrDataFormat, "projects[0].name"},
		{`[{"projectId":5,"name":"n","startDate":"soon"}]`, ``, ``, ErrDataFormat, "projects[0].projectId"},
		{`[{"projectId":"p","name":"n","description":{}}]`, ``, ``, ErrDataFormat, "projects[0].description"},
		{``, `[{"workExperienceId":"e","role":"r"}]`, ``, ErrDataFormat, "experience[0].companyName"},
		{`[{"projectId":"p","name":"n","startDate":"soon"}]`, ``, ``, ErrDataFormat, "projects[0].startDate"},
		{`[{"projectId":"p","name":"n","endDate":"2023-02-30"}]`, ``, ``, ErrDataFormat, "projects[0].endDate"},
		{``, ``, `[{"credentialId":"c","name":"n","issueDate":20240101}]`, ErrDataFormat, "certificates[0].issueDate"},
		{``, ``, `[{"credentialId":"c","name":"n","issueDate":"0000-12-31T23:00:00Z"}]`, ErrDataFormat, "certificates[0].issueDate"},
		{``, ``, `[{"credentialId":"c","name":"n","description":5,"endDate":5}]`, nil, ""},
	}
	for _, test := range tests {
		err := NewLists([]byte(test.projects), []byte(test.experience), []byte(test.certificates)).Check()
		if !errors.Is(err, test.want) || err != nil && fault.From(err).Field != test.field {
			t.Errorf("%s %s %s: got %v, want %v of %q", test.projects, test.experience, test.certificates, err, test.want, test.field)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"2023": "2023-01-01T00:00:00Z", " 2023-05 ": "2023-05-01T00:00:00Z", "2023-05-06": "2023-05-06T00:00:00Z",
		"2023-05-06T07:08:09Z": "2023-05-06T07:08:09Z", "2023-05-06T07:08:09.5-01:00": "2023-05-06T08:08:09.5Z",
		"": "0001-01-01T00:00:00Z", "  ": "0001-01-01T00:00:00Z",
		"soon": "", "2023-13": "", "2023-02-29": "", "06/2023": "", "2023-05-06T07:08": "", "2023-5-6": "", "20230506": "", "9999-12-31T23:00:00-02:00": "",
	}
	for text, want := range tests {
		date, ok := parseDate(text)
		if got := date.Format(time.RFC3339Nano); ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %s and %v, want %q", text, got, ok, want)
		}
	}
}
