package main

import "context"

// job is a request that waits for a commit.
type job[T any] struct {
	value T
	done  chan error
}

// queue lets requests wait for a commit together.
type queue[T any] chan job[T]

func newQueue[T any]() queue[T] { return make(queue[T], 4096) }

func (q queue[T]) do(value T) error {
	j := job[T]{value, make(chan error, 1)}
	q <- j
	return <-j.done
}

// take waits for a job and returns it with those that wait behind it, without waiting for more; join refuses a job that must not be in the group, which then comes
// back as rest.
func (q queue[T]) take(ctx context.Context, most int, join func(group []job[T], next T) bool) (group []job[T], rest *job[T]) {
	select {
	case j := <-q:
		group = append(group, j)
	case <-ctx.Done():
		return nil, nil
	}
	for len(group) < most {
		select {
		case j := <-q:
			if !join(group, j.value) {
				return group, &j
			}
			group = append(group, j)
		default:
			return group, nil
		}
	}
	return group, nil
}

func anyJoins[T any]([]job[T], T) bool { return true }

func answer[T any](group []job[T], err error) {
	for _, j := range group {
		j.done <- err
	}
}
