package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Listeners are the sockets of a process. Public is nil where no requests are answered.
type Listeners struct{ Public, Admin net.Listener }

// ListenAdmin opens the admin socket alone, for a process that answers no requests.
func ListenAdmin(admin string) (Listeners, error) {
	l, err := net.Listen("tcp", admin)
	if err != nil {
		return Listeners{}, fmt.Errorf("AVOW_ADMIN_ADDR: %w", err)
	}
	return Listeners{Admin: l}, nil
}

// Listen opens the sockets. In dev a taken admin port is replaced by a free one.
func Listen(public, admin string, dev bool) (Listeners, error) {
	l := Listeners{}
	var err error
	if l.Public, err = net.Listen("tcp", public); err != nil {
		return l, fmt.Errorf("AVOW_ADDR: %w", err)
	}
	l.Admin, err = net.Listen("tcp", admin)
	if err != nil && dev {
		l.Admin, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return l, errors.Join(fmt.Errorf("AVOW_ADMIN_ADDR: %w", err), l.Public.Close())
	}
	return l, nil
}

// Roles say what a process does.
type Roles struct{ Requests, Deliveries bool }

// Serve answers requests, sends deliveries, or both, until the context ends. Then it stops gently: no new work, requests in flight and attempts under way finish
// within the configured time, and what is still being sent then is given back to other workers. Ready is called when the ports accept connections.
func (a *App) Serve(ctx context.Context, l Listeners, roles Roles, ready func()) error {
	failed := make(chan error, 2)
	admin := a.server(a.AdminHandler())
	go func() { failed <- admin.Serve(l.Admin) }()
	public := a.server(a.Handler())
	if roles.Requests {
		go func() { failed <- a.listen(public, l.Public) }()
	}
	working := a.startWorker(roles.Deliveries)
	if roles.Requests {
		a.prepareLimits(ctx)
	}
	ready()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, a.stop(public, admin, working))
}

// prepareLimits waits until it is known whether Redis answers, so that the first mail is not refused for nothing, and warns where several processes would each count for
// themselves.
func (a *App) prepareLimits(ctx context.Context) {
	switch {
	case a.Budgets == nil:
	case a.limits != nil:
		a.limits.Await(ctx)
	case !a.o.Config.Embedded():
		a.o.Log.Warn("limits are counted by each process for itself: set AVOW_REDIS_URL, or serve with one process, or an address can get as many mails from each")
	}
}

// TakeOver makes deliveries due that a killed predecessor had claimed. Only the one process that delivers from an embedded database may do so, and holds a lock for it:
// elsewhere claims may be another process's, and run out by themselves.
func (a *App) TakeOver(ctx context.Context) error {
	if !a.o.Config.Embedded() {
		return nil
	}
	lock, err := lockFile(a.o.Config.DatabaseFile() + ".lock")
	if errors.Is(err, errLocked) {
		a.o.Log.Warn("another process delivers from this embedded database, too; its claims are left alone")
		return nil
	}
	if err != nil {
		return err
	}
	a.lock = lock
	return a.Store.ReleaseLeases(ctx, a.o.Now())
}

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked by another process")

func (a *App) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: requestTime, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
}

func (a *App) listen(s *http.Server, l net.Listener) error {
	if a.o.Config.TLSCert != "" {
		return s.ServeTLS(l, a.o.Config.TLSCert, a.o.Config.TLSKey)
	}
	return s.Serve(l)
}

// background is what goes on beside the answering of requests.
type background struct {
	stop func()
	done chan struct{} // closed when all of it has ended
}

// startWorker sends deliveries and keeps the database tidy, where that is wanted.
func (a *App) startWorker(wanted bool) background {
	ctx, cancel := context.WithCancel(context.Background())
	b := background{stop: cancel, done: make(chan struct{})}
	var running sync.WaitGroup
	if wanted {
		running.Go(func() { a.Worker.Run(ctx, func(err error) { a.o.Log.Error("worker", "error", err) }) })
		running.Go(func() { every(ctx, watchEvery, a.watch) })
		running.Go(func() { every(ctx, purgeEvery, a.tidy) })
		running.Go(func() { every(ctx, expireEvery, a.expireReviews) })
	}
	go func() { running.Wait(); close(b.done) }()
	return b
}

// giveBackTime is what giving leases back may take, once attempts have had their time.
const giveBackTime = 6 * time.Second

// stop ends all that runs. The worker ends by itself within the time that requests have, or a moment later.
func (a *App) stop(public, admin *http.Server, working background) error {
	a.o.Log.Info("stopping", "within", a.o.Config.ShutdownTimeout)
	working.stop()
	bound := time.NewTimer(a.o.Config.ShutdownTimeout + giveBackTime)
	defer bound.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), a.o.Config.ShutdownTimeout)
	defer cancel()
	err := public.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = public.Close() // what is still running has had its time
	}
	select {
	case <-working.done:
	case <-bound.C:
	}
	return errors.Join(err, admin.Close(), a.Close())
}
