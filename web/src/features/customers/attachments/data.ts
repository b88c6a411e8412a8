import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, asApiError, data, fetchFile, newKey, upload, versionTag, type ApiError, type Schemas } from "@/api";
import type { Reason } from "../data";
import { nameOf, refusalOf, type Refusal } from "./logic";

export type Attachment = Schemas["Attachment"];
export interface Owner {
  kind: "customer" | "lead";
  id: string;
}

const keyOf = (dealer: string, customer: string) => ["customers", "attachments", dealer, customer];

export function useAttachments(dealer: string, customer: string) {
  return useQuery<{ attachments: Attachment[]; removed: Attachment[] }, ApiError>({
    queryKey: keyOf(dealer, customer),
    queryFn: ({ signal }) => data(api.GET("/api/v1/customers/{id}/attachments", { params: { path: { id: customer }, query: { dealer } }, signal })),
  });
}

export interface Opened {
  attachment: Attachment;
  blob: Blob;
  name: string;
}
// The bytes, held by what shows them and nowhere else. Each time stands in the audit log.
export async function readAttachment(dealer: string, attachment: Attachment, reason: Reason): Promise<Opened> {
  const path = `/api/v1/attachments/${attachment.id}/content?dealer=${encodeURIComponent(dealer)}`;
  return { attachment, ...(await fetchFile(path, { method: "POST", body: { reason }, name: attachment.name })) };
}
export function useOpen(dealer: string) {
  return useMutation<Opened, ApiError, { attachment: Attachment; reason: Reason }>({
    mutationFn: async ({ attachment, reason }) => {
      try {
        return await readAttachment(dealer, attachment, reason);
      } catch (thrown) {
        throw asApiError(thrown);
      }
    },
    gcTime: 0,
  });
}

function useDone(dealer: string, customer: string) {
  const client = useQueryClient();
  return useCallback(() => client.invalidateQueries({ queryKey: keyOf(dealer, customer) }), [client, dealer, customer]);
}

export function useChange(dealer: string, customer: string) {
  const done = useDone(dealer, customer);
  return useMutation<void, ApiError, { attachment: Attachment; name: string; description: string }>({
    mutationFn: async ({ attachment, name, description }) => {
      await api.PUT("/api/v1/attachments/{id}", { params: { path: { id: attachment.id }, query: { dealer }, header: { "If-Match": versionTag(attachment.version) } }, body: { name, description } });
    },
    onSettled: () => done(),
  });
}
export function useMove(dealer: string, customer: string) {
  const done = useDone(dealer, customer);
  return useMutation<void, ApiError, { id: string; back: boolean }>({
    mutationFn: async ({ id, back }) => {
      const init = { params: { path: { id }, query: { dealer } } };
      if (back) await api.POST("/api/v1/attachments/{id}/restore", init);
      else await api.DELETE("/api/v1/attachments/{id}", init);
    },
    onSettled: () => done(),
  });
}

// ---- Files on their way ----

export interface Sending {
  key: string;
  owner: Owner;
  file: File;
  name: string;
  share: number; // sent; 1: it is being kept
  refused: Refusal | null;
  error: ApiError | null;
}
export interface Uploads {
  sending: readonly Sending[];
  add: (files: readonly File[], owner: Owner) => void;
  stop: (key: string) => void; // or takes it off the list
  again: (key: string) => void;
}

// One after the other, so that a weak network carries one whole before the next.
export function useUploads(dealer: string, customer: string, onAdded: (attachment: Attachment) => void): Uploads {
  const done = useDone(dealer, customer);
  const [sending, setSending] = useState<readonly Sending[]>([]);
  const running = useRef<{ key: string; abort: AbortController } | null>(null);
  const told = useRef(onAdded);
  useEffect(() => {
    told.current = onAdded;
  }, [onAdded]);
  const change = useCallback((key: string, part: Partial<Sending>) => setSending((all) => all.map((one) => (one.key === key ? { ...one, ...part } : one))), []);
  const drop = useCallback((key: string) => setSending((all) => all.filter((one) => one.key !== key)), []);

  const next = sending.find(({ refused, error }) => !refused && !error);
  useEffect(() => {
    if (!next || running.current) return;
    const { key, owner, file, name } = next;
    const abort = new AbortController();
    running.current = { key, abort };
    const path = `/api/v1/${owner.kind === "lead" ? "leads" : "customers"}/${encodeURIComponent(owner.id)}/attachments?dealer=${encodeURIComponent(dealer)}`;
    void (async () => {
      try {
        const added = await upload<Attachment>(path, file, { name, key, signal: abort.signal, onProgress: (share) => change(key, { share }) });
        await done();
        running.current = null;
        drop(key);
        told.current(added);
      } catch (thrown) {
        running.current = null;
        if (thrown instanceof DOMException) drop(key);
        else change(key, { error: asApiError(thrown), share: 0 });
      }
    })();
  }, [change, dealer, done, drop, next]);
  useEffect(() => () => running.current?.abort.abort(), []);

  const add = useCallback((files: readonly File[], owner: Owner) => {
    const now = new Date();
    setSending((all) => [...all, ...files.map((file) => ({ key: newKey(), owner, file, name: nameOf(file, now), share: 0, refused: refusalOf(file), error: null }))]);
  }, []);
  const stop = useCallback(
    (key: string) => {
      if (running.current?.key === key) running.current.abort.abort();
      else drop(key);
    },
    [drop],
  );
  const again = useCallback((key: string) => change(key, { error: null }), [change]);
  return useMemo(() => ({ sending, add, stop, again }), [sending, add, stop, again]);
}
