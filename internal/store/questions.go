package store

import (
	"context"

	"avow/internal/assess"
)

// Questions belong to no organisation: every assessment draws from them, commands alone write them.
var (
	putQuestionFile = writeSet(1, `id text, text text`, `INSERT INTO question_files (id, text) SELECT v.id, v.text FROM v WHERE TRUE
ON CONFLICT (id) DO UPDATE SET text = excluded.text`)

	removeQuestionFile = writeSet(2, `id text`, `DELETE FROM question_files WHERE id IN (SELECT v.id FROM v)`)
)

// The stamp stands in each row, and alone where there is nothing to be read: one statement sees one import.
const loadQuestionFiles = `SELECT s.stamp, COALESCE(f.id, ''), COALESCE(f.text, '') FROM question_state s LEFT JOIN question_files f ON s.stamp <> $1 ORDER BY f.id`

// ImportedQuestions implements assess.Imports.
func (s *Store) ImportedQuestions(ctx context.Context, known int64) (stamp int64, files []assess.File, err error) {
	b := &batch{}
	b.query(loadQuestionFiles, func(scan scanner) error {
		var f assess.File
		if err := scan(&stamp, &f.ID, &f.Text); err != nil || f.ID == "" {
			return err
		}
		files = append(files, f)
		return nil
	}, known)
	return stamp, files, s.view(ctx, b)
}

// ImportQuestions implements assess.Imports.
func (s *Store) ImportQuestions(ctx context.Context, change assess.Change) error {
	b := &batch{}
	for _, f := range change.Put {
		b.write(putQuestionFile, f.ID, f.Text)
	}
	for _, id := range change.Remove {
		b.write(removeQuestionFile, id)
	}
	b.exec(`UPDATE question_state SET stamp = $1`, stamp())
	return s.save(ctx, b)
}
