// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	gomail "github.com/wneessen/go-mail"

	"seatkeeper.dev/seatkeeper/hack/mailbox"
)

const sender = "seatkeeper@example.com"

func start(t *testing.T, options mailbox.Options) *mailbox.Server {
	t.Helper()
	box, err := mailbox.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	return box
}

// send sends a text with a subject and nothing else.
func send(box *mailbox.Server, subject string, to ...string) error {
	return sendRaw(box, fmt.Sprintf("Subject: %s\r\n\r\nHello\r\n", subject), to...)
}

func sendRaw(box *mailbox.Server, raw string, to ...string) error {
	return smtp.SendMail(box.SMTPAddr(), nil, sender, to, []byte(raw))
}

func mustSend(t *testing.T, box *mailbox.Server, subject string, to ...string) {
	t.Helper()
	if err := send(box, subject, to...); err != nil {
		t.Fatal(err)
	}
}

func subjects(messages []mailbox.Message) []string {
	list := []string{}
	for _, m := range messages {
		list = append(list, fmt.Sprintf("%d %s", m.ID, m.Subject))
	}
	return list
}

func wantSubjects(t *testing.T, box *mailbox.Server, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), subjects(box.Messages())); diff != "" {
		t.Errorf("mail kept (-want +got):\n%s", diff)
	}
}

func TestMailOfTheProductsLibraryArrivesDecoded(t *testing.T) {
	box := start(t, mailbox.Options{})
	m := gomail.NewMsg()
	for _, err := range []error{m.From(sender), m.To("Ada <ada@example.com>"), m.Bcc("audit@example.com")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	m.Subject("Einladung zu Grünwerk – bitte annehmen, solange der Platz noch für Sie frei gehalten wird")
	m.SetMessageIDWithValue("3f1c@example.com")
	m.SetBodyString(gomail.TypeTextPlain, "Grüße!\n.\nAnnehmen: https://seats.example.com/i/abc?x=1&y=2.\n")
	m.AddAlternativeString(gomail.TypeTextHTML, "<p>Grüße!</p>")

	host, port, _ := net.SplitHostPort(box.SMTPAddr())
	number, _ := strconv.Atoi(port)
	client, err := gomail.NewClient(host, gomail.WithPort(number), gomail.WithTLSPolicy(gomail.NoTLS))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.DialAndSendWithContext(t.Context(), m); err != nil {
		t.Fatal(err)
	}

	got := box.Messages()[0]
	want := mailbox.Message{
		ID: 1, From: sender, To: []string{"ada@example.com", "audit@example.com"},
		Subject:   "Einladung zu Grünwerk – bitte annehmen, solange der Platz noch für Sie frei gehalten wird",
		MessageID: "3f1c@example.com",
		Text:      "Grüße!\n.\nAnnehmen: https://seats.example.com/i/abc?x=1&y=2.\n",
		HTML:      "<p>Grüße!</p>",
	}
	received, header, raw := got.Received, got.Header, got.Raw
	got.Received, got.Header, got.Raw = want.Received, nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
	if received.IsZero() || header.Get("To") != `"Ada" <ada@example.com>` || !strings.Contains(string(raw), "boundary=") {
		t.Errorf("received %v, header To %q, raw:\n%s", received, header.Get("To"), raw)
	}
	if diff := cmp.Diff([]string{"https://seats.example.com/i/abc?x=1&y=2"}, got.Links()); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

func TestOldestMailMakesRoom(t *testing.T) {
	box := start(t, mailbox.Options{Capacity: 2})
	for _, subject := range []string{"a", "b", "c"} {
		mustSend(t, box, subject, "ada@example.com")
	}
	wantSubjects(t, box, "2 b", "3 c")

	if err := box.Clear(); err != nil {
		t.Fatal(err)
	}
	wantSubjects(t, box)
	mustSend(t, box, "d", "ada@example.com")
	wantSubjects(t, box, "4 d")
}

func TestMailSurvivesRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	box := start(t, mailbox.Options{Dir: dir})
	for _, subject := range []string{"a", "b", "c"} {
		mustSend(t, box, subject, "ada@example.com", "bob@example.com")
	}
	before := box.Messages()
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	// Files of others are left alone.
	other := filepath.Join(dir, "notes.eml")
	if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}

	box = start(t, mailbox.Options{Dir: dir, Capacity: 2})
	if diff := cmp.Diff(before[1:], box.Messages()); diff != "" {
		t.Errorf("mail after the restart (-before +after):\n%s", diff)
	}
	mustSend(t, box, "d", "ada@example.com")
	wantSubjects(t, box, "3 c", "4 d")
	if err := box.Clear(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{other}, left); diff != "" {
		t.Errorf("files after Clear (-want +got):\n%s", diff)
	}
}

func TestMailThatCannotBeKeptIsNotAccepted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	box := start(t, mailbox.Options{Dir: dir})
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, send(box, "a", "ada@example.com"), 452, "4.3.1 The mail cannot be kept")
	wantSubjects(t, box)
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	strange := t.TempDir()
	if err := os.WriteFile(filepath.Join(strange, "00000007.eml"), []byte("Subject: x\r\n\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		options mailbox.Options
		want    string
	}{
		"negative capacity":      {mailbox.Options{Capacity: -1}, "it must be 1 or more"},
		"bad SMTP address":       {mailbox.Options{SMTPAddr: "127.0.0.1"}, "listening for SMTP"},
		"bad HTTP address":       {mailbox.Options{HTTPAddr: "127.0.0.1:x"}, "listening for HTTP"},
		"directory is a file":    {mailbox.Options{Dir: file}, "creating the mail directory"},
		"file that is no mail":   {mailbox.Options{Dir: strange}, "00000007.eml: this is not a mail kept by the mailbox"},
		"what to do about files": {mailbox.Options{Dir: strange}, "move the file away"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mailbox.Start(test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that contains %q", err, test.want)
			}
		})
	}
}

func TestTakenPortIsReplaced(t *testing.T) {
	first := start(t, mailbox.Options{})
	second := start(t, mailbox.Options{
		SMTPAddr: first.SMTPAddr(),
		HTTPAddr: strings.TrimPrefix(first.URL(), "http://"),
	})
	mustSend(t, second, "a", "ada@example.com")
	wantSubjects(t, first)
	wantSubjects(t, second, "1 a")
}

func TestWaitSeesOldAndNewMail(t *testing.T) {
	box := start(t, mailbox.Options{})
	mustSend(t, box, "old", "ada@example.com")
	mustSend(t, box, "older is first", "ada@example.com")
	old, err := box.Wait(t.Context(), func(m mailbox.Message) bool { return m.SentTo("ADA@example.com") })
	if err != nil || old.Subject != "old" {
		t.Errorf("waiting for old mail: %q, %v", old.Subject, err)
	}

	looked := make(chan struct{})
	var once sync.Once
	found := make(chan mailbox.Message, 1)
	go func() {
		m, err := box.Wait(t.Context(), func(m mailbox.Message) bool {
			once.Do(func() { close(looked) })
			return m.Subject == "new"
		})
		if err != nil {
			t.Errorf("waiting for new mail: %v", err)
		}
		found <- m
	}()
	<-looked
	mustSend(t, box, "other", "ada@example.com")
	mustSend(t, box, "new", "ada@example.com")
	if m := <-found; m.ID != 4 {
		t.Errorf("found mail %d, want 4", m.ID)
	}
}

func TestWaitSaysWhatCameInstead(t *testing.T) {
	never := func(mailbox.Message) bool { return false }
	ended, cancel := context.WithCancel(t.Context())
	cancel()

	box := start(t, mailbox.Options{})
	_, err := box.Wait(ended, never)
	if want := "waiting for a mail: none has arrived: context canceled"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	mustSend(t, box, "a", "ada@example.com")
	_, err = box.Wait(ended, never)
	want := `waiting for a mail: none of the 1 kept matches (the newest is "a" to ada@example.com): context canceled`
	if err == nil || err.Error() != want || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %s", err, want)
	}
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = box.Wait(t.Context(), never)
	if want := "waiting for a mail: the mailbox is closed"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestCloseTellsIdleClients(t *testing.T) {
	box := start(t, mailbox.Options{})
	client, err := textproto.Dial("tcp", box.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, _, err := client.ReadResponse(220); err != nil {
		t.Fatal(err)
	}
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.ReadResponse(421); err != nil {
		t.Errorf("idle client got: %v", err)
	}
	if _, err := net.Dial("tcp", box.SMTPAddr()); err == nil {
		t.Error("a closed mailbox takes connections")
	}
}

// A mail in chunks is read beside the goroutine that reads the commands.
func TestChunking(t *testing.T) {
	box := start(t, mailbox.Options{})
	client, err := textproto.Dial("tcp", box.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, _, err := client.ReadResponse(220); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"EHLO client",
		"MAIL FROM:<" + sender + ">", "RCPT TO:<ada@example.com>", "BDAT 12\r\nSubject: a", "BDAT 4 LAST\r\n\r\n",
	} {
		if err := client.PrintfLine("%s", line); err != nil {
			t.Fatal(err)
		}
		if _, _, err := client.ReadResponse(250); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	wantSubjects(t, box, "1 a")
}

func TestManyAtOnce(t *testing.T) {
	const senders, each = 8, 10
	box := start(t, mailbox.Options{Dir: filepath.Join(t.TempDir(), "mail")})
	var wg sync.WaitGroup
	for i := range senders {
		to := fmt.Sprintf("user%d@example.com", i)
		wg.Go(func() {
			for j := range each {
				if err := send(box, strconv.Itoa(j), to); err != nil {
					t.Error(err)
				}
				box.SetScript(mailbox.To("nobody@example.com", mailbox.At(mailbox.Rcpt, mailbox.Cut())))
			}
		})
		wg.Go(func() {
			last := strconv.Itoa(each - 1)
			m, err := box.Wait(t.Context(), func(m mailbox.Message) bool { return m.SentTo(to) && m.Subject == last })
			if err != nil {
				t.Error(err)
			}
			response, err := http.Get(fmt.Sprintf("%s/messages/%d", box.URL(), m.ID))
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("page of mail %d: %s", m.ID, response.Status)
			}
		})
	}
	wg.Wait()
	for i, m := range box.Messages() {
		if m.ID != i+1 {
			t.Errorf("mail %d has ID %d", i+1, m.ID)
		}
	}
	if n := len(box.Messages()); n != senders*each {
		t.Errorf("%d mails, want %d", n, senders*each)
	}
}
