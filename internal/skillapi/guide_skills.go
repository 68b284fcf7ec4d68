package skillapi

import (
	"net/http"
	"strconv"

	"avow/internal/skill"
)

type masterSkill struct {
	ID       string `json:"skillId"`
	Name     string `json:"name"`
	Category string `json:"category"`
}

type masterSkills struct {
	Skills []masterSkill `json:"skills"`
	Page   int           `json:"page"`
	Limit  int           `json:"limit"`
	Total  int           `json:"total"` // of all pages
}

// The pages of the master list.
const (
	masterLimit    = 100
	maxMasterLimit = 500
	maxMasterPage  = 1_000_000
)

// master is GET /skills: the whole catalogue, page by page.
func (a api) master(c call) (answer, error) {
	page, err := number(c, "page", 1, maxMasterPage)
	if err != nil {
		return answer{}, err
	}
	limit, err := number(c, "limit", masterLimit, maxMasterLimit)
	if err != nil {
		return answer{}, err
	}
	if err := a.service.Authenticate(c.Context(), c.apiKey, skill.Need{}); err != nil {
		return answer{}, err
	}
	skills, total, err := a.catalogue.Page(c.Context(), page, limit)
	data := masterSkills{Skills: []masterSkill{}, Page: page, Limit: limit, Total: total}
	for _, k := range skills {
		data.Skills = append(data.Skills, masterSkill{k.ID, k.Name, k.Category})
	}
	return answer{status: http.StatusOK, data: data}, err
}

// number reads a parameter from 1 to most; one that is empty counts as absent.
func number(c call, name string, otherwise, most int) (int, error) {
	text := c.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, errParameter.On(name).Saying("The parameter " + name + " must be a number from 1 to " + strconv.Itoa(most) + ".")
	}
	return n, nil
}
