package redisstore

import (
	"encoding/json"
	"time"

	"avow/internal/access"
	"avow/internal/skill"
)

// format is the version of stored. Another version's values are not read.
const format = 1

// stored is a session as its sealed value holds it. The lists are bytes, because JSON in JSON would not come back as it was sent.
type stored struct {
	Format       int      `json:"v"`
	Hash         []byte   `json:"hash"`
	Org          string   `json:"org"`
	Mode         string   `json:"mode"`
	Verification string   `json:"verification"`
	Projects     []byte   `json:"projects"`
	Experience   []byte   `json:"experience"`
	Certificates []byte   `json:"certificates"`
	SkillIDs     []string `json:"skills"`
	CreatedAt    int64    `json:"created"`
	ExpiresAt    int64    `json:"expires"`
}

func seal(keys *access.Keyring, s skill.Session) []byte {
	text, err := json.Marshal(stored{
		Format: format, Hash: s.Hash[:], Org: s.Owner.Org, Mode: string(s.Owner.Mode), Verification: s.Verification,
		Projects: s.Lists.Projects, Experience: s.Lists.Experience, Certificates: s.Lists.Certificates,
		SkillIDs: s.SkillIDs, CreatedAt: s.CreatedAt.UnixMicro(), ExpiresAt: s.ExpiresAt.UnixMicro(),
	})
	if err != nil {
		panic(err) // texts, bytes and numbers always encode
	}
	return keys.Seal(access.ForSessionCache, text)
}

// unseal reads what seal made, and nothing else.
func unseal(keys *access.Keyring, sealed []byte) (skill.Session, bool) {
	text, err := keys.Open(access.ForSessionCache, sealed)
	if err != nil {
		return skill.Session{}, false
	}
	var v stored
	if json.Unmarshal(text, &v) != nil || v.Format != format || len(v.Hash) != len(access.Hash{}) {
		return skill.Session{}, false
	}
	return skill.Session{
		Hash: access.Hash(v.Hash), Owner: access.Owner{Org: v.Org, Mode: access.Mode(v.Mode)}, Verification: v.Verification,
		Lists:    skill.Lists{Projects: v.Projects, Experience: v.Experience, Certificates: v.Certificates},
		SkillIDs: v.SkillIDs, CreatedAt: time.UnixMicro(v.CreatedAt).UTC(), ExpiresAt: time.UnixMicro(v.ExpiresAt).UTC(),
	}, true
}
