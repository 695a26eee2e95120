;;; A session with dap-mode, as docs/editors.md sets it up. Says on standard output what it sees; a test reads that.
;;; Arguments: node, the adapter, the scenario, the line of a breakpoint, a folder to keep things in.
(setq gc-cons-threshold 100000000)
(let ((args command-line-args-left))
  (setq command-line-args-left nil)
  (setq node (nth 0 args) adapter (nth 1 args) scenario (nth 2 args)
        line (string-to-number (nth 3 args)) folder (file-name-as-directory (nth 4 args))))
(setq user-emacs-directory folder
      lsp-session-file (expand-file-name "lsp-session" folder)
      dap-breakpoints-file (expand-file-name "dap-breakpoints" folder)
      dap-auto-show-output nil
      make-backup-files nil)
(package-initialize)
(require 'dap-mode)
(require 'dap-ui)

(dap-register-debug-provider
 "mshare" (lambda (conf) (plist-put conf :dap-server-path (list node adapter))))

(setq stops 0)
(add-hook 'dap-stack-frame-changed-hook
          (lambda (session) (when (dap--debug-session-active-frame session) (setq stops (1+ stops)))))

(defun await-stop (count)
  "Until the run has stopped COUNT times, and its stack has arrived."
  (while (< stops count) (accept-process-output nil 0.05)))

(defun tell (what session)
  (let ((frame (dap--debug-session-active-frame session)))
    (princ (format "%s: %s line %s\n" what (gethash "name" frame) (gethash "line" frame)))))

(defun thread () (dap--debug-session-thread-id (dap--cur-session)))

(defun frame-id () (gethash "id" (dap--debug-session-active-frame (dap--cur-session))))

(find-file scenario)
(goto-char (point-min))
(forward-line (1- line))
(dap-breakpoint-add)
(dap-debug (list :type "mshare" :request "launch" :name "scenario" :program scenario))
(await-stop 1)
(setq session (dap--cur-session))
(tell "breakpoint" session)

(let* ((scopes (gethash "scopes" (dap-request session "scopes" :frameId (frame-id))))
       (task (seq-find (lambda (scope) (string= (gethash "name" scope) "Task")) scopes))
       (variables (gethash "variables" (dap-request session "variables"
                                                    :variablesReference (gethash "variablesReference" task)))))
  (princ (format "scopes: %s\n" (mapconcat (lambda (scope) (gethash "name" scope)) scopes ", ")))
  (seq-do (lambda (variable) (princ (format "variable: %s = %s\n" (gethash "name" variable) (gethash "value" variable))))
          variables))

(dap-step-in session)
(await-stop 2)
(tell "step in" session)

;; dap-mode has no command for going back, but the request is there for whoever binds it to a key.
(dap-request session "stepBack" :threadId (thread))
(await-stop 3)
(tell "step back" session)

;; Nor has it a list of function breakpoints: the console takes them.
(princ (format "console: %s\n"
               (gethash "result" (dap-request session "evaluate" :expression "break set_pgd into late"
                                              :context "repl" :frameId (frame-id)))))
(dap-continue session (thread))
(await-stop 4)
(tell "event" session)
(dap-disconnect session)
(while (process-live-p (dap--debug-session-proc session)) (accept-process-output nil 0.05))
(princ "gone\n")
