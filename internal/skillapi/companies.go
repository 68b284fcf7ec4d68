package skillapi

import (
	"net/http"

	"avow/internal/skill"
)

type companyName struct {
	Name *string `json:"companyName"`
}

// companyName is GET /storereviewerdetails/company-name (skills-api.md 5.13, 18.10).
func (a api) companyName(c call) (answer, error) {
	website := c.URL.Query().Get("website")
	if skill.Blank(website) {
		return answer{}, errNoWebsite
	}
	domain, ok := skill.Domain(website)
	if !ok {
		return answer{}, skill.ErrWebsite
	}
	name, err := a.service.Company(c.Context(), c.apiKey, domain)
	return answer{status: http.StatusOK, data: companyName{orNull(name)}}, err
}

type suggestion struct {
	Name    string `json:"name"`
	Email   string `json:"email"`
	Company string `json:"company"`
}

type suggestions struct {
	Suggestions []suggestion `json:"suggestions"`
}

// emailSuggestions is GET /storereviewerdetails/email-suggestions (skills-api.md 5.14, 18.10). It has no errors: whatever cannot be read suggests nobody.
func (a api) emailSuggestions(c call) (answer, error) {
	data := suggestions{Suggestions: []suggestion{}}
	query := c.URL.Query()
	domain, ok := skill.Domain(query.Get("website"))
	if !ok {
		return answer{status: http.StatusOK, data: data}, nil
	}
	known, err := a.service.Reviewers(c.Context(), c.apiKey, domain, query.Get("email"))
	for _, r := range known {
		data.Suggestions = append(data.Suggestions, suggestion{Name: r.Name, Email: r.Email, Company: r.Company})
	}
	return answer{status: http.StatusOK, data: data}, err
}
