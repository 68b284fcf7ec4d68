package store

import (
	"context"
	"encoding/json"

	"avow/internal/catalogue"
	"avow/internal/skill"
)

// The catalogue belongs to no organisation: everybody reads it, commands alone write it.
var (
	putCatalogueSkill = writeSet(1, `id text, name text, category text, aliases text`, `INSERT INTO catalogue_skills (id, name, category, aliases)
SELECT v.id, v.name, v.category, v.aliases FROM v WHERE TRUE
ON CONFLICT (id) DO UPDATE SET name = excluded.name, category = excluded.category, aliases = excluded.aliases`)

	removeCatalogueSkill = writeSet(2, `id text`, `DELETE FROM catalogue_skills WHERE id IN (SELECT v.id FROM v)`)

	loadCatalogueName = newSet(`id text`, `SELECT v.unit, c.id, c.name FROM v JOIN catalogue_skills c ON c.id = v.id`)
)

// The stamp stands in each row, and alone where there is nothing to be read: one statement sees one import.
const loadCatalogue = `SELECT s.stamp, COALESCE(c.id, ''), COALESCE(c.name, ''), COALESCE(c.category, ''), COALESCE(c.aliases, '[]')
FROM catalogue_state s LEFT JOIN catalogue_skills c ON s.stamp <> $1`

// ImportedSkills implements catalogue.Imports.
func (s *Store) ImportedSkills(ctx context.Context, known int64) (stamp int64, skills []catalogue.Skill, err error) {
	b := &batch{}
	b.query(loadCatalogue, func(scan scanner) error {
		var k catalogue.Skill
		var aliases string
		if err := scan(&stamp, &k.ID, &k.Name, &k.Category, &aliases); err != nil || k.ID == "" {
			return err
		}
		err := json.Unmarshal([]byte(aliases), &k.Aliases)
		skills = append(skills, k)
		return err
	}, known)
	return stamp, skills, s.view(ctx, b)
}

// names reads what the imported skills among some are called.
func (b *batch) names(ids []string, state *skill.State) {
	if len(ids) == 0 {
		return
	}
	state.Names = map[string]string{}
	keys := make([][]any, len(ids))
	for i, id := range ids {
		keys[i] = []any{id}
	}
	b.find(loadCatalogueName, func(scan scanner) error {
		var id, name string
		err := scan(&id, &name)
		state.Names[id] = name
		return err
	}, keys...)
}

// ImportSkills implements catalogue.Imports.
func (s *Store) ImportSkills(ctx context.Context, change catalogue.Change) error {
	b := &batch{}
	for _, k := range change.Put {
		aliases, err := json.Marshal(k.Aliases)
		if err != nil {
			return err
		}
		b.write(putCatalogueSkill, k.ID, k.Name, k.Category, string(aliases))
	}
	for _, id := range change.Remove {
		b.write(removeCatalogueSkill, id)
	}
	b.exec(`UPDATE catalogue_state SET stamp = $1`, stamp())
	return s.save(ctx, b)
}
