package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// opening is the body that opens a session.
type opening struct {
	StudentID    string        `json:"studentId"`
	Name         string        `json:"name"`
	Email        string        `json:"email"`
	Callback     string        `json:"callbackWebhookUrl"`
	Projects     []project     `json:"projects"`
	Experience   []experience  `json:"experience"`
	Certificates []certificate `json:"certificates"`
}

type project struct {
	ID          string `json:"projectId"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Start       string `json:"startDate"`
	End         string `json:"endDate"`
}

type experience struct {
	ID          string `json:"workExperienceId"`
	Role        string `json:"role"`
	Company     string `json:"companyName"`
	Description string `json:"description"`
	Start       string `json:"startDate"`
	End         string `json:"endDate"`
}

type certificate struct {
	ID     string `json:"credentialId"`
	Name   string `json:"name"`
	Issuer string `json:"issuedOrganization"`
	Date   string `json:"issueDate"`
}

// perList is how many items each of the three lists of a session has.
const perList = 4

// description brings a session to about 4 KB.
var description = strings.Repeat("Planned, built and ran a part of it with others. ", 6)

func newSession(i int) opening {
	o := opening{
		StudentID: fmt.Sprintf("student-%d", i), Name: "Ada Example", Email: fmt.Sprintf("student%d@bench.example", i), Callback: "https://bench.example/webhook",
	}
	for n := range perList {
		o.Projects = append(o.Projects, project{itemID("project", n), fmt.Sprintf("Project number %d", n), description, "2022-04-01", "2023-03-31"})
		o.Experience = append(o.Experience, experience{itemID("job", n), "Engineer", "Voorbeeld B.V.", description, "2019-01-01", "2022-01-31"})
		o.Certificates = append(o.Certificates, certificate{itemID("certificate", n), fmt.Sprintf("Certificate of skill %d", n), "Voorbeeld Instituut", "2021-06-15"})
	}
	return o
}

func itemID(kind string, n int) string { return fmt.Sprintf("%s-%d", kind, n) }

// selection is the body of call B.
type selection struct {
	Token        string   `json:"sessionToken"`
	Projects     []string `json:"projectIds"`
	Jobs         []string `json:"workExperienceIds"`
	Certificates []string `json:"credentialIds"`
}

// maxSelected is the largest selection; the smallest is 1.
const maxSelected = 10

// selections are bodies of call B: each session again and again, another number of other items each time, neighbours never of one session.
func selections(tokens []string) ([]string, error) {
	var lines []string
	for visit := range maxSelected {
		for i, token := range tokens {
			line, err := json.Marshal(newSelection(token, visit, 1+(i+visit)%maxSelected))
			if err != nil {
				return nil, err
			}
			lines = append(lines, string(line))
		}
	}
	return lines, nil
}

func newSelection(token string, from, n int) selection {
	s := selection{Token: token, Projects: []string{}, Jobs: []string{}, Certificates: []string{}}
	for i := from; i < from+n; i++ {
		list, item := i%3, i/3%perList
		switch list {
		case 0:
			s.Projects = append(s.Projects, itemID("project", item))
		case 1:
			s.Jobs = append(s.Jobs, itemID("job", item))
		default:
			s.Certificates = append(s.Certificates, itemID("certificate", item))
		}
	}
	return s
}
