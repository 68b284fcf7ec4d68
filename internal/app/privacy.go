package app

import (
	"context"
	"time"

	"avow/internal/redisstore"
	"avow/internal/skill"
)

// copies is where copies of sessions are; nil: there are none.
func (a *App) copies() skill.SessionCache {
	if a.cache == nil {
		return nil
	}
	return a.cache
}

// ErasePerson erases a person on an operator's word. Commands, which need no Redis otherwise, look for the one that servers keep copies of sessions in.
func (a *App) ErasePerson(ctx context.Context, id string) (skill.Erasure, error) {
	erased, err := a.Skills.Erase(ctx, skill.Asker{Operator: true}, id)
	if err != nil || a.cache != nil || len(a.o.Config.Redis.Addresses) == 0 {
		return erased, err
	}
	cache := redisstore.Open(a.redis())
	defer cache.Close()
	return erased, cache.Forget(ctx, erased.Sessions)
}

// forgetPeople erases people with whom nothing was done for as long as their organisation keeps them.
func (a *App) forgetPeople(ctx context.Context, now time.Time, limit int) (erased int, err error) {
	orgs, err := a.Store.Organisations(ctx)
	for _, o := range orgs {
		kept, limited := o.Settings.Retention()
		if !limited || erased == limit {
			continue
		}
		n, err := a.Skills.EraseIdle(ctx, skill.Idle{Org: o.ID, Since: now.Add(-kept), Now: now}, limit-erased)
		erased += n
		if err != nil {
			return erased, err
		}
	}
	return erased, err
}
