package skillapi

import (
	"encoding/json"
	"fmt"
	"net/http"

	"avow/internal/skill"
	"avow/internal/web"
)

type storedSkill struct {
	ID        string   `json:"skillId"`
	ProofURLs []string `json:"proofUrls"`
	TotalURLs int      `json:"totalUrls"`
}

type storedSkills struct {
	VerificationID string        `json:"recordVerificationId"`
	Skills         []storedSkill `json:"skills"`
	Total          int           `json:"totalProcessed"`
}

// storeSkills is POST /step1/storeskills/store (skills-api.md 5.2).
func (a api) storeSkills(c call) (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	verification := id(body, "recordVerificationId")
	if verification == "" {
		return answer{}, errNoVerificationID
	}
	claims, err := readClaims(body.Get("skills"))
	if err != nil {
		return answer{}, err
	}
	in := skill.SkillsInput{Carriers: c.carriers(body), User: id(body, "recordUserId"), Claims: claims}
	skills, err := a.service.StoreSkills(c.Context(), c.apiKey, in)
	if err != nil {
		return answer{}, err
	}
	data := storedSkills{VerificationID: verification, Skills: []storedSkill{}, Total: len(skills)}
	for _, s := range skills {
		data.Skills = append(data.Skills, storedSkill{ID: s.ID, ProofURLs: s.ProofURLs, TotalURLs: len(s.ProofURLs)})
	}
	return answer{status: http.StatusOK, data: data, message: "Skill verifications replaced successfully"}, nil
}

func readClaims(raw json.RawMessage) ([]skill.Claim, error) {
	elements, ok := web.ParseArray(raw)
	if !ok || len(elements) == 0 {
		return nil, errNoSkills
	}
	claims := make([]skill.Claim, len(elements))
	for i, element := range elements {
		o, err := web.ParseObject(element)
		if err != nil || id(o, "skillId") == "" {
			return nil, errNoSkillID
		}
		claims[i] = skill.Claim{Skill: id(o, "skillId"), Name: text(o, "name")}
		if claims[i].ProofURLs, ok = texts(o.Get("proofUrls")); !ok {
			return nil, skill.ErrDataFormat.On(fmt.Sprintf("skills[%d].proofUrls", i))
		}
	}
	return claims, nil
}
